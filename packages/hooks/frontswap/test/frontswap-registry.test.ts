import assert from "node:assert/strict";
import { PAGE_SIZE, TierError } from "@pagetier/base";
import { rootContainer } from "@pagetier/di";
import { describe, test } from "vitest";
import {
  FakeSwapWriteback,
  makePage,
  ReferenceFrontswap,
  type ReferenceFrontswapOptions,
} from "../src/conformance/index.js";
import { FRONTSWAP_REGISTRY, FRONTSWAP_REGISTRY_OPTIONS, type FrontswapHook, FrontswapRegistry } from "../src/index.js";

const first = makePage("incompressible", 1);
const second = makePage("incompressible", 2);

/** A backend that writes down the calls it gets, and refuses when told to. */
class Recorder extends ReferenceFrontswap {
  readonly calls: string[] = [];
  refusing = false;
  onInit: (() => void) | undefined;

  constructor(
    override readonly type: string,
    options: ReferenceFrontswapOptions = {},
  ) {
    super(options, new FakeSwapWriteback());
  }

  override init(type: number): void {
    this.calls.push(`init ${type}`);
    super.init(type);
    this.onInit?.();
  }

  override store(...call: Parameters<ReferenceFrontswap["store"]>) {
    this.calls.push(`store ${call[1]}`);
    if (!this.refusing) return super.store(...call);
    this.entries.delete(`${call[0]}:${call[1]}`);
    return "refused";
  }

  override load(...call: Parameters<ReferenceFrontswap["load"]>) {
    this.calls.push(`load ${call[1]}`);
    return super.load(...call);
  }

  override invalidatePage(type: number, offset: number): void {
    this.calls.push(`invalidate ${offset}`);
    super.invalidatePage(type, offset);
  }

  override invalidateArea(type: number): void {
    this.calls.push(`invalidateArea ${type}`);
    super.invalidateArea(type);
  }

  override close(): Promise<void> {
    this.calls.push("close");
    return super.close();
  }

  vanish(type: number, offset: number): void {
    this.entries.delete(`${type}:${offset}`);
  }

  taken(): string[] {
    return this.calls.splice(0);
  }
}

function registryWith(...backends: Recorder[]): FrontswapRegistry {
  const registry = new FrontswapRegistry({ writeThrough: false });
  for (const backend of backends) registry.register(backend);
  registry.swapOn(0);
  for (const backend of backends) backend.taken();
  return registry;
}

function load(registry: FrontswapHook, offset: number): { outcome: string; page: Uint8Array } {
  const page = new Uint8Array(PAGE_SIZE);
  return { outcome: registry.load(0, offset, page), page };
}

describe("the frontswap registry", () => {
  test("is made by a container from its options", () => {
    const container = rootContainer.createChildContainer();
    container.register(FRONTSWAP_REGISTRY_OPTIONS, { useValue: { writeThrough: true } });
    container.register(FRONTSWAP_REGISTRY, { useClass: FrontswapRegistry });
    const registry = container.resolve<FrontswapHook>(FRONTSWAP_REGISTRY);
    assert.equal(registry.writeThrough, true);
  });

  test("without a backend every store is refused and every load misses", () => {
    const registry = registryWith();
    assert.equal(registry.store(0, 7, first, "only"), "refused");
    assert.equal(load(registry, 7).outcome, "miss");
    assert.equal(registry.has(0, 7), false);
    assert.equal(registry.counters().failedStores, 1);
    registry.verify();
  });

  test("asks nobody about a slot that nobody said yes to", () => {
    const backend = new Recorder("a");
    const registry = registryWith(backend);
    load(registry, 1);
    registry.invalidatePage(0, 1);
    registry.markClean(0, 1);
    registry.forget(0, 1);
    assert.equal(registry.locate(0, 1), undefined);
    assert.deepEqual(backend.taken(), []);
  });

  test("a first store invalidates nothing, a second one does so before", () => {
    const backend = new Recorder("a");
    const registry = registryWith(backend);
    registry.store(0, 1, first, "only");
    registry.store(0, 1, second, "only");
    assert.deepEqual(backend.taken(), ["store 1", "invalidate 1", "store 1"]);
    assert.deepEqual(load(registry, 1), { outcome: "hit", page: second });
    assert.equal(registry.currPages(), 1);
    assert.equal(registry.counters().dupInvalidations, 1);
    assert.equal(registry.counters().invalidates, 0);
    registry.verify();
  });

  test("asks the newest backend first, for stores and for loads", () => {
    const older = new Recorder("older");
    const newer = new Recorder("newer");
    const registry = registryWith(older, newer);
    registry.store(0, 1, first, "only");
    load(registry, 1);
    assert.deepEqual([older.taken(), newer.taken()], [[], ["store 1", "load 1"]]);
    newer.refusing = true;
    registry.store(0, 2, second, "only");
    assert.deepEqual(load(registry, 2), { outcome: "hit", page: second });
    assert.deepEqual(older.taken(), ["store 2", "load 2"]);
    assert.equal(registry.locate(0, 1)?.backend, "newer");
    assert.deepEqual(registry.locate(0, 2), { backend: "older", bytes: PAGE_SIZE });
  });

  test("10.1-a a store that everyone refuses leaves no older copy", () => {
    const backend = new Recorder("a");
    const registry = registryWith(backend);
    registry.store(0, 1, first, "only");
    backend.refusing = true;
    assert.equal(registry.store(0, 1, second, "only"), "refused");
    assert.equal(load(registry, 1).outcome, "miss");
    assert.equal(backend.currPages(), 0);
    registry.verify();
  });

  test("10.1-d two backends: the new copy in one leaves no old one in the other", () => {
    const older = new Recorder("older");
    const newer = new Recorder("newer");
    const registry = registryWith(older, newer);
    registry.store(0, 1, first, "only");
    newer.refusing = true;
    registry.store(0, 1, second, "only");
    assert.equal(newer.currPages(), 0);
    assert.deepEqual(load(registry, 1), { outcome: "hit", page: second });
    newer.refusing = false;
    registry.store(0, 1, first, "only");
    assert.equal(older.currPages(), 0);
    assert.deepEqual(load(registry, 1), { outcome: "hit", page: first });
    registry.verify();
  });

  test("10.1-c a page that is lost is an error and stays one", () => {
    const backend = new Recorder("a");
    const registry = registryWith(backend);
    registry.store(0, 1, first, "only");
    backend.corrupt(0, 1);
    for (let attempt = 0; attempt < 2; attempt++) {
      assert.throws(
        () => load(registry, 1),
        (error) => TierError.is(error, "FRONTSWAP_LOST"),
      );
    }
    assert.equal(registry.has(0, 1), true);
    registry.invalidatePage(0, 1);
    assert.equal(load(registry, 1).outcome, "miss");
    registry.verify();
  });

  test("10.1-c an only copy that no backend has any more is lost, not a miss", async () => {
    const backend = new Recorder("a");
    const registry = registryWith(backend);
    registry.store(0, 1, first, "only");
    backend.vanish(0, 1);
    const isLost = (error: unknown) => TierError.is(error, "FRONTSWAP_LOST");
    assert.throws(() => load(registry, 1), isLost);
    await assert.rejects(registry.fetch(0, 1, new Uint8Array(PAGE_SIZE)), isLost);
  });

  test("a clean copy that was dropped is a miss, and nobody is asked again", () => {
    const backend = new Recorder("a");
    const registry = registryWith(backend);
    registry.store(0, 1, first, "clean");
    registry.store(0, 2, second, "only");
    registry.markClean(0, 2);
    backend.reclaim(2);
    backend.taken();
    for (const offset of [1, 2]) {
      assert.equal(registry.has(0, offset), true);
      assert.equal(load(registry, offset).outcome, "miss");
      assert.equal(registry.has(0, offset), false);
      assert.equal(load(registry, offset).outcome, "miss");
    }
    assert.deepEqual(backend.taken(), ["load 1", "load 2"]);
    assert.equal(registry.counters().cleanDropped, 2);
    registry.verify();
  });

  test("a slot that held a clean copy is as strict as any other once it holds an only one", () => {
    const backend = new Recorder("a");
    const registry = registryWith(backend);
    registry.store(0, 1, first, "clean");
    registry.store(0, 1, second, "only");
    backend.vanish(0, 1);
    assert.throws(
      () => load(registry, 1),
      (error) => TierError.is(error, "FRONTSWAP_LOST"),
    );
  });

  test("an exclusive load clears the bit", () => {
    const backend = new Recorder("a", { exclusive: true });
    const registry = registryWith(backend);
    registry.store(0, 1, first, "only");
    assert.deepEqual(load(registry, 1), { outcome: "hitExclusive", page: first });
    assert.equal(registry.has(0, 1), false);
    assert.equal(load(registry, 1).outcome, "miss");
    assert.equal(registry.counters().exclusiveLoads, 1);
    assert.equal(registry.counters().loads, 1);
    registry.verify();
  });

  test("forget clears the bit and calls nobody", () => {
    const backend = new Recorder("a");
    const registry = registryWith(backend);
    registry.store(0, 1, first, "only");
    backend.vanish(0, 1);
    backend.taken();
    registry.forget(0, 1);
    registry.forget(0, 1);
    assert.equal(load(registry, 1).outcome, "miss");
    assert.deepEqual(backend.taken(), []);
    assert.equal(registry.counters().forgotten, 1);
    registry.verify();
  });

  test("turning an area off drops its pages, and on again starts empty", () => {
    const backend = new Recorder("a");
    const registry = registryWith(backend);
    registry.swapOn(3);
    registry.store(0, 1, first, "only");
    registry.store(3, 1, second, "only");
    registry.store(3, 200_000, second, "only");
    registry.swapOff(3);
    assert.equal(registry.currPages(), 1);
    assert.equal(registry.counters().areaInvalidated, 2);
    assert.throws(() => registry.store(3, 1, first, "only"), /a store goes to a swap area that is on/);
    assert.equal(registry.load(3, 1, new Uint8Array(PAGE_SIZE)), "miss");
    registry.invalidatePage(3, 1);
    registry.verify();
    registry.swapOn(3);
    assert.equal(registry.load(3, 1, new Uint8Array(PAGE_SIZE)), "miss");
    assert.deepEqual(load(registry, 1), { outcome: "hit", page: first });
    registry.verify();
  });

  test("an area grows with its slots", () => {
    const registry = registryWith(new Recorder("a"));
    assert.equal(registry.addressingBytes(), 0);
    for (const offset of [0, 131_071, 131_072, 1_000_000]) registry.store(0, offset, makePage("zero", 0), "only");
    for (const offset of [0, 131_071, 131_072, 1_000_000]) assert.equal(registry.has(0, offset), true);
    for (const offset of [1, 131_073, 999_999, 2 ** 26 - 1]) assert.equal(registry.has(0, offset), false);
    assert.equal(registry.addressingBytes(), 8 * 16384);
    registry.verify();
  });

  test("10.1-e a backend that registers late sees init before its first store, once per area", () => {
    const registry = new FrontswapRegistry({ writeThrough: false });
    registry.swapOn(0);
    registry.swapOn(5);
    const backend = new Recorder("late");
    registry.register(backend);
    registry.swapOn(6);
    for (const type of [0, 5, 6]) assert.equal(registry.store(type, 1, first, "only"), "stored");
    assert.deepEqual(backend.calls.slice(0, 3), ["init 0", "init 5", "init 6"]);
    assert.equal(backend.calls.filter((call) => call.startsWith("init")).length, 3);
  });

  test("10.1-e areas that are turned on and off while a backend registers", () => {
    const registry = new FrontswapRegistry({ writeThrough: false });
    registry.swapOn(0);
    registry.swapOn(1);
    const backend = new Recorder("late");
    backend.onInit = () => {
      backend.onInit = undefined;
      registry.swapOn(2);
      registry.swapOff(0);
    };
    registry.register(backend);
    assert.deepEqual(backend.taken(), ["init 0", "init 1", "init 2", "invalidateArea 0"]);
    assert.equal(registry.store(2, 1, first, "only"), "stored");
  });

  test("10.1-e a backend that registers while an area is turned on", () => {
    const registry = new FrontswapRegistry({ writeThrough: false });
    const early = new Recorder("early");
    const late = new Recorder("late");
    registry.register(early);
    early.onInit = () => registry.register(late);
    registry.swapOn(0);
    assert.deepEqual([early.taken(), late.taken()], [["init 0"], ["init 0"]]);
  });

  test("closes the newest backend first; loads go on", async () => {
    const order: string[] = [];
    const backends = ["a", "b"].map((name) => {
      const backend = new Recorder(name);
      const close = backend.close.bind(backend);
      backend.close = async () => {
        await close();
        order.push(name);
      };
      return backend;
    });
    const registry = registryWith(...backends);
    registry.store(0, 1, first, "only");
    await registry.close();
    assert.deepEqual(order, ["b", "a"]);
    assert.equal(registry.store(0, 2, second, "only"), "refused");
    assert.deepEqual(load(registry, 1), { outcome: "hit", page: first });
  });
});

describe("fetching through the registry", () => {
  function withRemotePage(options: ReferenceFrontswapOptions = {}): [FrontswapRegistry, Recorder] {
    const backend = new Recorder("a", { remote: true, ...options });
    const registry = registryWith(backend);
    registry.store(0, 1, first, "only");
    backend.reclaim(1);
    assert.equal(load(registry, 1).outcome, "remote");
    return [registry, backend];
  }

  test("a remote page comes by fetch, with its bit kept or cleared", async () => {
    for (const exclusive of [false, true]) {
      const [registry] = withRemotePage({ exclusive });
      assert.equal(registry.locate(0, 1), undefined);
      const page = new Uint8Array(PAGE_SIZE);
      assert.equal(await registry.fetch(0, 1, page), exclusive ? "hitExclusive" : "hit");
      assert.deepEqual(page, first);
      assert.equal(registry.has(0, 1), !exclusive);
      registry.verify();
    }
  });

  test("asks the next backend when one misses", async () => {
    const [registry, holder] = withRemotePage();
    const newer = new Recorder("newer");
    registry.register(newer);
    assert.equal(await registry.fetch(0, 1, new Uint8Array(PAGE_SIZE)), "hit");
    assert.equal(holder.currPages(), 1);
  });

  test("misses when the page was invalidated, stored again or its area turned off meanwhile", async () => {
    const meanwhile: ((registry: FrontswapRegistry) => void)[] = [
      (registry) => registry.invalidatePage(0, 1),
      (registry) => registry.store(0, 1, second, "only"),
      (registry) => registry.swapOff(0),
    ];
    for (const happen of meanwhile) {
      const [registry] = withRemotePage();
      const fetch = registry.fetch(0, 1, new Uint8Array(PAGE_SIZE));
      happen(registry);
      const bits = registry.currPages();
      assert.equal(await fetch, "miss");
      assert.equal(registry.currPages(), bits);
      registry.verify();
    }
  });

  test("a loss that nobody waits for any more is a miss", async () => {
    const [registry, backend] = withRemotePage();
    backend.fetch = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      throw new TierError("FRONTSWAP_LOST", "the node is dead");
    };
    await assert.rejects(registry.fetch(0, 1, first.slice()), /the node is dead/);
    const fetch = registry.fetch(0, 1, first.slice());
    registry.invalidatePage(0, 1);
    assert.equal(await fetch, "miss");
  });

  test("a write-back that settles during a fetch is no loss", async () => {
    const [registry, backend] = withRemotePage();
    const fetch = registry.fetch(0, 1, new Uint8Array(PAGE_SIZE));
    backend.vanish(0, 1);
    registry.forget(0, 1);
    assert.equal(await fetch, "miss");
    registry.verify();
  });
});
