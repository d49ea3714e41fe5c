import { rootContainer } from "@pagetier/di";
import { describe, expect, test } from "vitest";
import { SHRINK_EMPTY, SHRINK_STOP, SHRINKERS, type ShrinkControl, type Shrinker } from "../src/shrinker.js";
import { ShrinkerRegistry } from "../src/shrinker-registry.js";

/** A cache whose count stays as it is told and which notes what it is asked. */
class ScriptedShrinker implements Shrinker {
  readonly asked: number[] = [];
  seeks = 2;
  batch = 128;
  answer: (control: ShrinkControl) => number = (control) => control.nrToScan;

  constructor(
    public freeable: number,
    readonly name = "scripted",
  ) {}

  countObjects(): number {
    return this.freeable;
  }

  scanObjects(control: ShrinkControl): number {
    this.asked.push(control.nrToScan);
    return this.answer(control);
  }
}

function registryOf(...shrinkers: Shrinker[]): ShrinkerRegistry {
  const registry = new ShrinkerRegistry();
  for (const shrinker of shrinkers) registry.register(shrinker);
  return registry;
}

const shrink = (registry: ShrinkerRegistry, priority: number) => registry.shrink(priority, true, true);
const deferredOf = (registry: ShrinkerRegistry) => registry.countersOf("scripted")!.deferred;
const scannedOf = (registry: ShrinkerRegistry) => registry.countersOf("scripted")!.objectsScanned;

test("a round that may not go on ends between two scan calls, and what was due is carried on", () => {
  const shrinker = new ScriptedShrinker(10_000);
  const registry = registryOf(shrinker);
  let calls = 1;
  registry.shrink(4, true, true, () => calls-- > 0); // 1250 objects are due.
  expect(shrinker.asked).toEqual([128, 128]);
  expect(deferredOf(registry)).toBe(1250 - 256);
});

test("in a round without time each shrinker is scanned once, and the next round begins behind the one that used it up", () => {
  const order: string[] = [];
  const named = (name: string): Shrinker => ({
    name,
    countObjects: () => 10_000,
    scanObjects: () => {
      order.push(name);
      return 0;
    },
  });
  const registry = registryOf(named("a"), named("b"), named("c"));
  const round = (time: number): string => {
    let left = time;
    order.length = 0;
    registry.shrink(4, true, true, () => left-- > 0);
    return order.join("");
  };
  expect(round(0)).toBe("abc");
  expect(round(2)).toBe("bbbca"); // "a" had used the time up.
  expect(round(0)).toBe("cab");
  expect(round(1000)).toMatch(/^a{9,}b{9,}c{9,}$/); // "c" had; and there was time for all of them.
  expect(round(1000)).toMatch(/^a{9,}b{9,}c{9,}$/);
});

describe("a cache's share of a round", () => {
  interface Row {
    readonly freeable: number;
    readonly priority: number;
    readonly deferred: number;
    readonly calls: readonly number[];
    readonly next: number;
  }
  const batches = (count: number) => new Array<number>(count).fill(128);
  // Batch 128, seeks 2. Each row goes on where the one before it ended, so the deferred work is the registry's own.
  const check = (rows: readonly Row[], shrinker: ScriptedShrinker) => {
    const registry = registryOf(shrinker);
    for (const { freeable, priority, deferred, calls, next } of rows) {
      shrinker.freeable = freeable;
      shrinker.asked.length = 0;
      const before = scannedOf(registry);
      expect(deferredOf(registry)).toBe(deferred);
      const { objectsFreed } = shrink(registry, priority);
      expect(shrinker.asked).toEqual(calls);
      const scanned = calls.reduce((sum, each) => sum + each, 0);
      expect(scannedOf(registry) - before).toBe(scanned);
      expect(objectsFreed).toBe(scanned);
      expect(deferredOf(registry)).toBe(next);
      registry.verify();
    }
  };

  test("10 000 objects: priority 12, then 6, then 0", () => {
    check(
      [
        { freeable: 10_000, priority: 12, deferred: 0, calls: [], next: 4 },
        { freeable: 10_000, priority: 6, deferred: 4, calls: [128, 128], next: 60 },
        { freeable: 10_000, priority: 0, deferred: 60, calls: batches(156), next: 92 },
      ],
      new ScriptedShrinker(0),
    );
  });

  test("50 objects, less than a batch: scanned only when all of them are due", () => {
    check(
      [
        { freeable: 50, priority: 2, deferred: 0, calls: [], next: 24 },
        { freeable: 50, priority: 1, deferred: 24, calls: [62], next: 12 },
        { freeable: 50, priority: 0, deferred: 12, calls: [100], next: 12 },
      ],
      new ScriptedShrinker(0),
    );
  });

  test("1 000 objects that cost nothing to make again: half of them at every priority", () => {
    for (let priority = 0; priority <= 12; priority++) {
      const shrinker = new ScriptedShrinker(0);
      shrinker.seeks = 0;
      check([{ freeable: 1000, priority, deferred: 0, calls: batches(3), next: 116 }], shrinker);
    }
  });

  test("10 000 objects, the scan stops at once: all of the work is deferred", () => {
    const shrinker = new ScriptedShrinker(10_000);
    const registry = registryOf(shrinker);
    shrink(registry, 12);
    shrink(registry, 6);
    expect([deferredOf(registry), scannedOf(registry)]).toEqual([60, 256]);
    shrinker.asked.length = 0;
    shrinker.answer = () => SHRINK_STOP;
    expect(shrink(registry, 6).objectsFreed).toBe(0);
    expect([shrinker.asked.length, scannedOf(registry), deferredOf(registry)]).toEqual([1, 256, 372]);
    registry.verify();
  });

  test("an object that is dear to make again is asked for less", () => {
    const shrinker = new ScriptedShrinker(8192);
    shrinker.seeks = 8;
    const registry = registryOf(shrinker);
    shrink(registry, 4);
    expect(shrinker.asked).toEqual([128, 128]); // (8192 >> 4) * 4 / 8
  });

  test("looking at more or fewer objects than asked counts as what it was", () => {
    const shrinker = new ScriptedShrinker(1000);
    shrinker.batch = 100;
    shrinker.answer = (control) => {
      control.nrScanned = 50;
      return 10;
    };
    const registry = registryOf(shrinker);
    // delta 500: 9 calls of 50 leave 50, less than a batch.
    expect(shrink(registry, 2).objectsFreed).toBe(90);
    expect([shrinker.asked.length, scannedOf(registry), deferredOf(registry)]).toEqual([9, 450, 50]);
  });

  test("a cache that has nothing, or cannot tell, is left alone and keeps its deferred work", () => {
    for (const nothing of [0, SHRINK_EMPTY]) {
      const shrinker = new ScriptedShrinker(10_000);
      const registry = registryOf(shrinker);
      shrink(registry, 12);
      shrinker.freeable = nothing;
      expect(shrink(registry, 0).objectsFreed).toBe(0);
      expect([shrinker.asked.length, deferredOf(registry)]).toEqual([0, 4]);
    }
  });
});

describe("traps", () => {
  test("10.5-a deferred work winds up no further than twice the cache, and a gentle round stays gentle", () => {
    const shrinker = new ScriptedShrinker(10_000);
    const registry = registryOf(shrinker);
    shrinker.answer = (control) => (control.mayFs ? control.nrToScan : SHRINK_STOP);
    for (let call = 0; call < 1000; call++) registry.shrink(2, true, false);
    expect(deferredOf(registry)).toBe(20_000);
    const before = scannedOf(registry);
    shrinker.asked.length = 0;
    registry.shrink(12, true, true);
    expect(scannedOf(registry) - before).toBeLessThanOrEqual((20_000 >> 12) + 4);
    expect(shrinker.asked).toEqual([]);
  });

  test("10.5-b a scan that looks at nothing without saying stop is caught instead of looping for ever", () => {
    const shrinker = new ScriptedShrinker(10_000);
    shrinker.answer = (control) => {
      control.nrScanned = 0;
      return 0;
    };
    const registry = registryOf(shrinker);
    expect(() => shrink(registry, 0)).toThrow("SHRINK_STOP");
  });

  test("10.5-d an object added after the count said empty is found by the next round", () => {
    const shrinker = new ScriptedShrinker(SHRINK_EMPTY);
    const registry = registryOf(shrinker);
    shrink(registry, 0);
    shrinker.freeable = 1;
    expect(shrink(registry, 0).objectsFreed).toBeGreaterThan(0);
  });

  test("a shrinker does not reclaim from within reclaim", () => {
    const shrinker = new ScriptedShrinker(10_000);
    const registry = registryOf(shrinker);
    shrinker.answer = () => shrink(registry, 0).objectsFreed;
    expect(() => shrink(registry, 0)).toThrow("does not reclaim");
  });

  test("10.5-g a shrinker that is unregistered during its own scan is not called again", () => {
    const shrinker = new ScriptedShrinker(10_000);
    const registry = registryOf(shrinker);
    shrinker.answer = (control) => {
      registry.unregister(shrinker);
      return control.nrToScan;
    };
    expect(shrink(registry, 0).objectsFreed).toBe(128);
    expect(shrinker.asked.length).toBe(1);
    expect(registry.names).toEqual([]);
    registry.verify();
  });

  test("a shrinker that is unregistered by another's scan is not called, one registered then waits for the next round", () => {
    const first = new ScriptedShrinker(50, "first");
    const second = new ScriptedShrinker(50, "second");
    const late = new ScriptedShrinker(50, "late");
    const registry = registryOf(first, second);
    first.answer = (control) => {
      if (registry.names.includes("second")) {
        registry.register(late);
        registry.unregister(second);
      }
      return control.nrToScan;
    };
    shrink(registry, 0);
    expect([second.asked.length, late.asked.length]).toEqual([0, 0]);
    shrink(registry, 0);
    expect([second.asked.length, late.asked.length]).toEqual([0, 1]);
  });

  test("the answers of a misbehaving shrinker are refused", () => {
    for (const wrong of [-3, 0.5, Number.NaN]) {
      const scanner = new ScriptedShrinker(10_000);
      scanner.answer = () => wrong;
      expect(() => shrink(registryOf(scanner), 0)).toThrow("objects freed");
      expect(() => shrink(registryOf(new ScriptedShrinker(wrong)), 0)).toThrow("whole number");
    }
  });
});

test("a round calls each shrinker once, in order of registration, and sums what they did", () => {
  const order: string[] = [];
  const make = (name: string): Shrinker => ({
    name,
    countObjects: () => 10,
    scanObjects: (control) => {
      order.push(name);
      control.framesFreed = 2;
      control.submitted = 3;
      return control.nrToScan;
    },
  });
  const registry = registryOf(make("a"), make("b"), make("c"));
  expect(shrink(registry, 0)).toEqual({ objectsFreed: 60, framesFreed: 6, submitted: 9 });
  expect(order).toEqual(["a", "b", "c"]);
  expect(registry.counters()).toEqual({
    counts: 3,
    scans: 3,
    stops: 0,
    objectsScanned: 60,
    objectsFreed: 60,
    framesFreed: 6,
    submitted: 9,
    deferred: 0,
  });
});

test("a shrinker sees the priority and what it may do, and fresh answer fields at each call", () => {
  const seen: ShrinkControl[] = [];
  const registry = registryOf({
    name: "watcher",
    batch: 1,
    countObjects: (control) => {
      seen.push({ ...control });
      return 1;
    },
    scanObjects: (control) => {
      seen.push({ ...control });
      control.framesFreed = 1;
      return 1;
    },
  });
  registry.shrink(0, false, true);
  const asked = { priority: 0, mayIo: false, mayFs: true, framesFreed: 0, submitted: 0, mayGoOn: expect.any(Function) };
  expect(seen).toEqual([
    { ...asked, nrToScan: 0, nrScanned: 0 },
    { ...asked, nrToScan: 1, nrScanned: 1 },
    { ...asked, nrToScan: 1, nrScanned: 1 },
  ]);
});

test("a name is registered once; what was never registered cannot be unregistered", () => {
  const shrinker = new ScriptedShrinker(1);
  const registry = registryOf(shrinker);
  expect(() => registry.register(new ScriptedShrinker(1))).toThrow("name is free");
  registry.unregister(shrinker);
  expect(() => registry.unregister(shrinker)).toThrow("was registered");
  registry.register(shrinker);
  expect(registry.countersOf("nobody")).toBeUndefined();
});

test("a container makes it", () => {
  const container = rootContainer.createChildContainer();
  container.register(SHRINKERS, { useClass: ShrinkerRegistry });
  expect(container.resolve(SHRINKERS)).toBeInstanceOf(ShrinkerRegistry);
});
