import { createPrng, PAGE_SIZE, type Scheduler, TierError } from "@pagetier/base";
import { ManualScheduler } from "@pagetier/base/testing";
import { describe, expect, test } from "vitest";
import {
  generateTrace,
  KeyMap,
  type PageFile,
  REQUEST_OPS,
  Replay,
  type ReplayTarget,
  replay,
  type TraceReader,
} from "../src/index.js";

const PAGES = somePages(128);

function somePages(pages: number): PageFile {
  const prng = createPrng(77);
  const words = Uint32Array.from({ length: pages * 1024 }, () => prng.u32());
  return { name: "random", pages, bytes: new Uint8Array(words.buffer) };
}

/** The obvious space: one array. Every call goes through `take` and `put`, which canaries override. */
class FlatTarget implements ReplayTarget {
  readonly bytes: Uint8Array;
  reads = 0;
  writes = 0;
  writtenBytes = 0;

  constructor(readonly pages: number) {
    this.bytes = new Uint8Array(pages * PAGE_SIZE);
  }

  protected take(page: number, offset: number, into: Uint8Array): void {
    const start = page * PAGE_SIZE + offset;
    into.set(this.bytes.subarray(start, start + into.length));
  }

  protected put(page: number, offset: number, from: Uint8Array): void {
    this.bytes.set(from, page * PAGE_SIZE + offset);
  }

  readNow(page: number, offset: number, into: Uint8Array): boolean {
    this.reads++;
    this.take(page, offset, into);
    return true;
  }

  writeNow(page: number, offset: number, from: Uint8Array): boolean {
    this.writes++;
    this.writtenBytes += from.length;
    this.put(page, offset, from);
    return true;
  }

  async read(page: number, offset: number, into: Uint8Array): Promise<void> {
    this.readNow(page, offset, into);
  }

  async write(page: number, offset: number, from: Uint8Array): Promise<void> {
    this.writeNow(page, offset, from);
  }
}

/** Serves some calls only later, and copies at the last moment, as a space does whose page must come first. */
class SlowTarget extends FlatTarget {
  readonly #prng = createPrng(3);
  waits = 0;

  #isSlow(): boolean {
    return this.#prng.below(3) === 0;
  }

  override readNow(page: number, offset: number, into: Uint8Array): boolean {
    return !this.#isSlow() && super.readNow(page, offset, into);
  }

  override writeNow(page: number, offset: number, from: Uint8Array): boolean {
    return !this.#isSlow() && super.writeNow(page, offset, from);
  }

  override async read(page: number, offset: number, into: Uint8Array): Promise<void> {
    this.waits++;
    await new Promise((resolve) => setImmediate(resolve));
    super.readNow(page, offset, into);
  }

  override async write(page: number, offset: number, from: Uint8Array): Promise<void> {
    this.waits++;
    await new Promise((resolve) => setImmediate(resolve));
    super.writeNow(page, offset, from);
  }
}

function zipf(requests: number, pages = 100): TraceReader {
  return generateTrace({ kind: "zipf", pages, requests, writePercent: 40 });
}

describe("a replay on a correct target", () => {
  test("verifies every read, and every write's page before it", async () => {
    const target = new FlatTarget(100);
    const trace = zipf(20_000);
    const run = new Replay(target, trace, PAGES);
    const result = await run.run();
    expect(result.accesses).toBe(20_000);
    expect(result.reads + result.writes + result.firstTouches).toBe(20_000);
    expect(result.uniquePages).toBe(trace.keys.count);
    expect(result.verified).toBe(result.reads + result.writes);
    expect(result.mismatches).toBe(0);
    expect(target.reads).toBe(result.verified);
    expect(target.writes).toBe(result.writes + result.firstTouches);
    expect(await run.audit()).toEqual({
      pages: trace.keys.count,
      verified: trace.keys.count,
      mismatches: 0,
      firstMismatches: [],
      unreadable: 0,
      firstFailure: undefined,
    });
    expect(run.memoryBytes()).toBe(3 * 16_384);
  });

  test("writes patches only, but for the stated share of whole pages", async () => {
    const target = new FlatTarget(10);
    const never = await replay(target, zipf(20_000, 10), PAGES, { replacePercent: 0 });
    const patchBytes = (target.writtenBytes - never.firstTouches * PAGE_SIZE) / never.writes;
    expect(patchBytes).toBeGreaterThan(278);
    expect(patchBytes).toBeLessThan(298); // 288 in the mean.
    const whole = new FlatTarget(10);
    const always = await replay(whole, zipf(2000, 10), PAGES, { replacePercent: 100 });
    expect(whole.writtenBytes).toBe((always.writes + always.firstTouches) * PAGE_SIZE);
  });

  test("leaves the same bytes whether the target answers at once or later, and whether it verifies", async () => {
    const now = new FlatTarget(100);
    const later = new SlowTarget(100);
    const blind = new FlatTarget(100);
    const first = await replay(now, zipf(5000), PAGES, { seed: 4 });
    const second = await replay(later, zipf(5000), PAGES, { seed: 4 });
    const third = await replay(blind, zipf(5000), PAGES, { seed: 4, verify: "none" });
    expect(later.waits).toBeGreaterThan(1000);
    const { latency } = first; // What waits is measured.
    expect({ ...second, elapsedMs: 0, latency }).toEqual({ ...first, elapsedMs: 0 });
    expect(third).toMatchObject({ accesses: 5000, verified: 0, mismatches: 0, writes: first.writes });
    expect(blind.reads).toBe(first.reads);
    expect(Buffer.compare(now.bytes, later.bytes)).toBe(0);
    expect(Buffer.compare(now.bytes, blind.bytes)).toBe(0);
    const other = new FlatTarget(100);
    await replay(other, zipf(5000), PAGES, { seed: 5 });
    expect(Buffer.compare(now.bytes, other.bytes)).not.toBe(0);
  });

  test("fills a page by the first touch, be it a read", async () => {
    const trace = generateTrace({ kind: "sequential", pages: 1, requests: 64, writePercent: 0 });
    const target = new FlatTarget(64);
    const result = await replay(target, trace, PAGES);
    expect(result).toMatchObject({ accesses: 64, firstTouches: 64, reads: 0, writes: 0, verified: 0 });
    const start = Buffer.from(PAGES.bytes).indexOf(target.bytes.subarray(0, 4096));
    expect(start % (64 * PAGE_SIZE)).toBe(0); // 64 adjacent keys are 64 adjacent pages.
    expect(Buffer.compare(target.bytes, PAGES.bytes.subarray(start, start + 64 * PAGE_SIZE))).toBe(0);
  });

  test("stops at its limit, gives turns, tells progress and takes the time of the scheduler", async () => {
    const scheduler = new ManualScheduler();
    let turns = 0;
    const counted: Scheduler = {
      clock: scheduler.clock,
      sleep: (ns) => scheduler.sleep(ns),
      outside: (work) => work(),
      turn: async () => {
        turns++;
        await scheduler.advance(1000);
      },
    };
    const progress: (readonly [number, number | undefined])[] = [];
    const result = await replay(new FlatTarget(100), zipf(20_000), PAGES, {
      limit: 10_000,
      scheduler: counted,
      turnAccesses: 100,
      onProgress: (done, total) => progress.push([done, total]),
    });
    expect(result.accesses).toBe(10_000);
    expect(turns).toBe(100);
    expect(result.elapsedMs).toBeCloseTo(0.1);
    expect(progress).toEqual([
      [4100, 10_000],
      [8200, 10_000],
      [10_000, 10_000],
    ]);
  });

  test("can be stopped, and audited afterwards", async () => {
    const target = new FlatTarget(100);
    const control = new AbortController();
    const run = new Replay(target, zipf(50_000), PAGES, {
      signal: control.signal,
      onProgress: () => control.abort(new Error("enough")),
    });
    await expect(run.run()).rejects.toThrow("enough");
    expect(run.result().accesses).toBeLessThan(10_000);
    expect((await run.audit()).mismatches).toBe(0);
    await expect(replay(target, zipf(10), PAGES, { signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow(
      "before",
    );
  });
});

describe("a target that fails", () => {
  test("because it is too small ends the replay with its size", async () => {
    const error: unknown = await replay(new FlatTarget(50), zipf(5000), PAGES).catch((reason: unknown) => reason);
    expect(TierError.is(error, "REPLAY_TARGET_TOO_SMALL")).toBe(true);
    expect(String(error)).toMatch(/touches more than 50 pages/);
  });

  for (const slow of [false, true]) {
    test(`at any call ends the replay there, with nothing lost (${slow ? "later" : "at once"})`, async () => {
      for (let failAt = 0; failAt < 150; failAt += slow ? 13 : 3) {
        let calls = 0;
        let armed = true;
        class FailingTarget extends (slow ? SlowTarget : FlatTarget) {
          protected override take(page: number, offset: number, into: Uint8Array): void {
            if (armed && calls++ === failAt) throw new TierError("MM_OUT_OF_MEMORY", "no frame");
            super.take(page, offset, into);
          }
          protected override put(page: number, offset: number, from: Uint8Array): void {
            if (armed && calls++ === failAt) throw new TierError("MM_OUT_OF_MEMORY", "no frame");
            super.put(page, offset, from);
          }
        }
        const run = new Replay(new FailingTarget(100), zipf(2000), PAGES);
        const error: unknown = await run.run().catch((reason: unknown) => reason);
        expect(TierError.is(error, "MM_OUT_OF_MEMORY")).toBe(true);
        armed = false;
        const result = run.result();
        expect(result.accesses).toBe(result.reads + result.writes + result.firstTouches);
        const audit = await run.audit();
        expect(audit).toMatchObject({ pages: result.firstTouches, verified: result.firstTouches, mismatches: 0 });
      }
    });
  }

  test("to read a page back is told by the audit, which goes on", async () => {
    let broken = false;
    class BrokenTarget extends FlatTarget {
      protected override take(page: number, offset: number, into: Uint8Array): void {
        if (broken && page % 10 === 3) throw new TierError("STORE_IO", "the disk is gone");
        super.take(page, offset, into);
      }
    }
    const run = new Replay(new BrokenTarget(100), generateTrace({ kind: "loop", pages: 100, requests: 300 }), PAGES);
    await run.run();
    broken = true;
    const audit = await run.audit();
    expect(audit).toMatchObject({ pages: 100, verified: 90, mismatches: 0, unreadable: 10 });
    expect(TierError.is(audit.firstFailure, "STORE_IO")).toBe(true);
  });
});

describe("a wrong target is found out", () => {
  /** Goes wrong once, at the n-th read or write of a page, and is right otherwise. */
  class Canary extends FlatTarget {
    faults = 0;
    #calls = 0;

    constructor(
      readonly kind: string,
      readonly at: number,
    ) {
      super(100);
    }

    protected override put(page: number, offset: number, from: Uint8Array): void {
      const wrong = ++this.#calls === this.at;
      if (wrong) this.faults++;
      if (wrong && this.kind === "keeps stale bytes") return;
      super.put(wrong && this.kind === "writes to the neighbour" ? page ^ 1 : page, offset, from);
      if (!wrong) return;
      const start = page * PAGE_SIZE;
      if (this.kind === "loses a page") this.bytes.fill(0, start, start + PAGE_SIZE);
      if (this.kind === "flips a bit") this.bytes[start + ((this.at * 37) % PAGE_SIZE)]! ^= 1 << (this.at % 8);
      if (this.kind === "shifts a page by a word") this.bytes.copyWithin(start + 4, start, start + PAGE_SIZE - 4);
      if (this.kind === "swaps the halves") {
        const half = this.bytes.slice(start, start + 2048);
        this.bytes.copyWithin(start, start + 2048, start + 4096);
        this.bytes.set(half, start + 2048);
      }
      if (this.kind === "shows another page")
        this.bytes.copyWithin(start, (page ^ 1) * PAGE_SIZE, ((page ^ 1) + 1) * PAGE_SIZE);
    }
  }

  const kinds = [
    "loses a page",
    "flips a bit",
    "keeps stale bytes",
    "writes to the neighbour",
    "shifts a page by a word",
    "swaps the halves",
    "shows another page",
  ];
  for (const kind of kinds) {
    test(`that ${kind}`, async () => {
      for (let at = 101; at < 260; at += 3) {
        const target = new Canary(kind, at);
        const trace = generateTrace({ kind: "loop", pages: 100, requests: 1000, seed: at });
        const result = await replay(target, trace, PAGES);
        expect(target.faults).toBe(1);
        expect(result.mismatches).toBeGreaterThanOrEqual(1);
        const found = result.firstMismatches[0]!;
        expect(trace.keys.keyOf(found.page)).toBe(found.key);
        expect(found.access).toBeGreaterThan(100);
        expect(found.writes).toBeGreaterThanOrEqual(1);
      }
    });
  }

  test("after the last access, by the audit", async () => {
    const target = new FlatTarget(100);
    const run = new Replay(target, generateTrace({ kind: "loop", pages: 100, requests: 300 }), PAGES);
    expect((await run.run()).mismatches).toBe(0);
    target.bytes[42 * PAGE_SIZE + 4095]! ^= 128;
    const audit = await run.audit();
    expect(audit).toMatchObject({ pages: 100, verified: 99, mismatches: 1 });
    expect(audit.firstMismatches[0]).toMatchObject({ page: 42, key: 42, access: -1 });
  });
});

test("a freed page is forgotten, and its next touch fills it anew", async () => {
  const page = Uint32Array.of(0, 1, 0, 0, 0, 0, 1);
  const ops = Uint8Array.of(1, 1, 2, 2, 0, 0, 0); // The second free is of a page that has nothing.
  const keys = new KeyMap();
  keys.numberOf(0);
  keys.numberOf(1);
  const trace: TraceReader = {
    ...zipf(1),
    total: page.length,
    keys,
    async *[Symbol.asyncIterator]() {
      const writes = ops.map((op) => (op === REQUEST_OPS.write ? 1 : 0));
      yield { length: page.length, pages: page, keys: Float64Array.from(page), writes, ops };
    },
  };
  const discarded: number[] = [];
  class Forgetful extends FlatTarget {
    discard(which: number): void {
      discarded.push(which);
      this.bytes.fill(0, which * PAGE_SIZE, (which + 1) * PAGE_SIZE);
    }
  }
  const run = new Replay(new Forgetful(2), trace, PAGES);
  expect(await run.run()).toMatchObject({
    accesses: 7,
    firstTouches: 3,
    uniquePages: 2,
    frees: 2,
    reads: 2,
    mismatches: 0,
  });
  expect(discarded).toEqual([0]);
  expect(await run.audit()).toMatchObject({ pages: 2, verified: 2, unreadable: 0 });
});
