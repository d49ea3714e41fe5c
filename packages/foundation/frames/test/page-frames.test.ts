import { AssertionError, PAGE_SIZE, TierError } from "@pagetier/base";
import { describe, expect, test } from "vitest";
import { type AllocationContext, type Frame, NO_FRAME, PageFrames } from "../src/index.js";

const MIB = 1 << 20;
const FRAMES_PER_SEGMENT = 256;

function framesOf(mib = 8, reserveFrames?: number) {
  const frames = new PageFrames({ budgetBytes: mib * MIB, ...(reserveFrames === undefined ? {} : { reserveFrames }) });
  return { frames, owner: frames.register({ name: "test" }) };
}

/** Takes frames until the context gets none. */
function takeAll(frames: PageFrames, context: AllocationContext, owner: number): Frame[] {
  const taken: Frame[] = [];
  for (let frame = frames.take(context, owner); frame !== NO_FRAME; frame = frames.take(context, owner)) {
    taken.push(frame);
  }
  return taken;
}

describe("the budget", () => {
  test("counts a frame with its record", () => {
    const { frames, owner } = framesOf(8);
    expect(frames.total).toBe(Math.floor((8 * MIB) / (PAGE_SIZE + 256)));
    frames.take("user", owner);
    expect(frames.usedBytes).toBe(PAGE_SIZE + 256);
    expect(frames.free).toBe(frames.total - 1);
  });

  test("is never exceeded by frames and charges together", () => {
    const { frames, owner } = framesOf(2);
    for (let round = 0; frames.charge(1000) || frames.take("writeback", owner) !== NO_FRAME; round++) {
      frames.take("user", owner);
      expect(frames.usedBytes).toBeLessThanOrEqual(frames.budgetBytes);
      if (round > 10_000) expect.unreachable("a budget is finite");
    }
    expect(frames.free).toBe(0);
    expect(frames.peakBytes).toBeLessThanOrEqual(frames.budgetBytes);
    frames.verify();
  });

  test("loses a frame to the first charged byte, and gets it back", () => {
    const { frames } = framesOf();
    const before = frames.free;
    expect(frames.charge(1)).toBe(true);
    expect(frames.free).toBe(before - 1);
    expect(frames.charge(PAGE_SIZE + 255)).toBe(true);
    expect(frames.free).toBe(before - 1);
    frames.uncharge(PAGE_SIZE + 256);
    expect(frames.free).toBe(before);
    expect(() => frames.uncharge(1)).toThrow(AssertionError);
  });

  test("grants a charge of nothing, even while the reserve is in use", () => {
    const { frames, owner } = framesOf(8, 100);
    takeAll(frames, "writeback", owner);
    expect([frames.charge(1), frames.charge(0)]).toEqual([false, true]);
  });

  test("does not let charges into the write-back reserve", () => {
    const { frames } = framesOf(8, 100);
    const reserved = 100 * (PAGE_SIZE + 256);
    expect(frames.charge(frames.budgetBytes - reserved + 1)).toBe(false);
    expect(frames.chargedBytes).toBe(0);
    expect(frames.charge(frames.budgetBytes - reserved)).toBe(true);
    expect(frames.available("writeback")).toBeGreaterThanOrEqual(99);
  });

  test("remembers its peak", () => {
    const { frames, owner } = framesOf();
    const taken = [frames.take("user", owner), frames.take("user", owner)];
    frames.charge(500);
    const peak = frames.usedBytes;
    for (const frame of taken) frames.give(frame);
    frames.uncharge(500);
    expect(frames.usedBytes).toBe(0);
    expect(frames.peakBytes).toBe(peak);
  });

  test("can grow, and shrink below what is used", () => {
    const { frames, owner } = framesOf(4);
    const taken = takeAll(frames, "user", owner);
    frames.setTotal(2 * MIB);
    expect(frames.free).toBeLessThan(0);
    expect(frames.available("writeback")).toBe(0);
    expect(frames.take("writeback", owner)).toBe(NO_FRAME);
    expect(frames.charge(1)).toBe(false);
    for (const frame of taken.splice(0, taken.length - 10)) frames.give(frame);
    expect(frames.take("user", owner)).not.toBe(NO_FRAME);
    frames.setTotal(16 * MIB);
    expect(frames.total).toBe(Math.floor((16 * MIB) / (PAGE_SIZE + 256)));
    frames.verify();
  });

  test.each([0, MIB - 1, -5, Number.NaN])("of %d bytes is refused", (budgetBytes) => {
    expect(() => new PageFrames({ budgetBytes })).toThrow(/memory is .* bytes; the least is 1048576/);
    const { frames } = framesOf();
    try {
      frames.setTotal(budgetBytes);
      expect.unreachable();
    } catch (error) {
      expect(TierError.is(error, "FRAMES_TOO_SMALL")).toBe(true);
    }
    expect(frames.budgetBytes).toBe(8 * MIB);
  });

  test("beyond 16 GiB holds as many frames as have a number", () => {
    expect(new PageFrames({ budgetBytes: 2 ** 40 }).total).toBe(2 ** 22 - 1);
  });
});

describe("contexts", () => {
  test.each([1, 2, 4, 64])("reach deeper one after the other in %i MiB", (mib) => {
    const { frames, owner } = framesOf(mib);
    takeAll(frames, "user", owner);
    expect(frames.free).toBe(frames.watermarks.min);
    expect(takeAll(frames, "reclaim", owner).length).toBeGreaterThan(0);
    expect(frames.free).toBe(frames.reserveFrames);
    expect(takeAll(frames, "writeback", owner)).toHaveLength(frames.reserveFrames);
    expect(frames.free).toBe(0);
  });

  test("reserve one cluster, and half of the min watermark in small budgets", () => {
    expect(framesOf(64).frames.reserveFrames).toBe(32);
    const { frames } = framesOf(1);
    expect(frames.reserveFrames).toBe(Math.floor(frames.total / 32));
    expect(framesOf(8, 5).frames.reserveFrames).toBe(5);
  });
});

describe("taking and giving", () => {
  test("hands out distinct frames with a page of bytes each", () => {
    const { frames, owner } = framesOf(4);
    const taken = takeAll(frames, "user", owner);
    expect(new Set(taken).size).toBe(taken.length);
    for (const [index, frame] of taken.entries()) {
      expect(frame).toBeGreaterThan(0);
      expect(frames.view(frame).length).toBe(PAGE_SIZE);
      frames.view(frame).fill(index);
    }
    for (const [index, frame] of taken.entries()) {
      expect(frames.view(frame)[0]).toBe(index & 255);
      expect(frames.view(frame)[PAGE_SIZE - 1]).toBe(index & 255);
    }
  });

  test("has one view per frame, always the same", () => {
    const { frames, owner } = framesOf();
    const frame = frames.take("user", owner);
    const view = frames.view(frame);
    frames.give(frame);
    expect(frames.take("user", owner)).toBe(frame);
    expect(frames.view(frame)).toBe(view);
  });

  test("copies into a frame at a place", () => {
    const { frames, owner } = framesOf();
    const [before, frame, after] = [1, 2, 3].map(() => frames.take("user", owner)) as [Frame, Frame, Frame];
    for (const each of [before, frame, after]) frames.view(each).fill(7);
    frames.copyIn(frame, PAGE_SIZE - 2, Uint8Array.of(1, 2));
    expect([...frames.view(frame).subarray(PAGE_SIZE - 3)]).toEqual([7, 1, 2]);
    expect(frames.view(before).every((byte) => byte === 7)).toBe(true);
    expect(frames.view(after).every((byte) => byte === 7)).toBe(true);
  });

  test("copies from frame to frame, within a segment, across segments and over itself", () => {
    const { frames, owner } = framesOf(8);
    const taken = takeAll(frames, "user", owner);
    const [near, other, far] = [taken[3]!, taken[4]!, taken[700]!];
    for (const to of [other, far]) {
      frames.view(near).fill(1);
      frames.view(to).fill(2);
      frames.copy(near, 10, to, 4090, 6);
      expect([...frames.view(to).subarray(4088)]).toEqual([2, 2, 1, 1, 1, 1, 1, 1]);
      frames.copy(to, 4089, near, 0, 2);
      expect([...frames.view(near).subarray(0, 3)]).toEqual([2, 1, 1]);
    }
    frames.view(near).set([1, 2, 3, 4, 5]);
    frames.copy(near, 0, near, 1, 4);
    expect([...frames.view(near).subarray(0, 5)]).toEqual([1, 1, 2, 3, 4]);
  });

  test("hands out the lowest segment first", () => {
    const { frames, owner } = framesOf(8);
    const taken = takeAll(frames, "user", owner);
    frames.give(taken[700]!);
    frames.give(taken[300]!);
    frames.give(taken[5]!);
    expect(frames.take("user", owner)).toBe(taken[5]);
    expect(frames.take("user", owner)).toBe(taken[300]);
    expect(frames.take("user", owner)).toBe(taken[700]);
  });

  test("takes many or none", () => {
    const { frames, owner } = framesOf(2);
    const into = new Uint32Array(512);
    const room = frames.available("reclaim");
    expect(frames.takeMany("reclaim", owner, room + 1, into)).toBe(false);
    expect(frames.used).toBe(0);
    expect(into.every((frame) => frame === 0)).toBe(true);
    expect(frames.takeMany("reclaim", owner, room, into)).toBe(true);
    expect(new Set(into.subarray(0, room)).size).toBe(room);
    expect(frames.used).toBe(room);
    frames.verify();
  });

  test("notices frames that were not taken", () => {
    const { frames, owner } = framesOf();
    const frame = frames.take("user", owner);
    frames.give(frame);
    expect(() => frames.give(frame)).toThrow(AssertionError);
    expect(() => frames.give(NO_FRAME)).toThrow(AssertionError);
    expect(() => frames.give(99_999 as Frame)).toThrow(AssertionError);
    expect(() => frames.take("user", owner + 1)).toThrow(AssertionError);
    frames.verify();
  });

  test("knows who holds how much", () => {
    const { frames, owner } = framesOf();
    const pool = frames.register({ name: "zsmalloc" });
    const other = frames.register({ name: "zsmalloc" });
    frames.take("user", owner);
    const frame = frames.take("reclaim", pool);
    frames.take("reclaim", other);
    expect(frames.holders()).toEqual({ test: 1, zsmalloc: 2 });
    frames.give(frame);
    expect(frames.holders()).toEqual({ test: 1, zsmalloc: 1 });
  });
});

describe("segments", () => {
  test("give their memory back when their last frame comes back, the lowest excepted", () => {
    const { frames, owner } = framesOf(8);
    const taken = takeAll(frames, "user", owner);
    const views = taken.map((frame) => frames.view(frame));
    for (const frame of [...taken].reverse()) frames.give(frame);
    expect(views.slice(0, FRAMES_PER_SEGMENT).every((view) => view.length === PAGE_SIZE)).toBe(true);
    expect(views.slice(FRAMES_PER_SEGMENT).every((view) => view.length === 0)).toBe(true);
    frames.verify();
    expect(takeAll(frames, "user", owner)).toEqual(taken);
    expect(views.every((view) => view.length === PAGE_SIZE)).toBe(true);
  });

  test("keep a spare whatever the order in which they become empty", () => {
    const { frames, owner } = framesOf(8);
    const taken = takeAll(frames, "user", owner);
    const views = taken.map((frame) => frames.view(frame));
    for (const frame of taken) frames.give(frame);
    expect(views[0]!.length).toBe(PAGE_SIZE);
    expect(views.slice(FRAMES_PER_SEGMENT).every((view) => view.length === 0)).toBe(true);
  });
});

/** Something that holds frames by number and lets them be moved. */
class Mover {
  readonly held = new Map<Frame, number>();
  readonly owner: number;
  readonly #frames: PageFrames;
  stubborn: Frame = NO_FRAME;

  constructor(frames: PageFrames) {
    this.#frames = frames;
    this.owner = frames.register({ name: "mover", relocate: (from, to) => this.#relocate(from, to) });
  }

  take(mark: number): Frame {
    const frame = this.#frames.take("user", this.owner);
    this.#frames.view(frame).fill(mark);
    this.held.set(frame, mark);
    return frame;
  }

  give(frame: Frame): void {
    this.held.delete(frame);
    this.#frames.give(frame);
  }

  #relocate(from: Frame, to: Frame): boolean {
    if (from === this.stubborn) return false;
    this.#frames.view(to).set(this.#frames.view(from));
    this.held.set(to, this.held.get(from)!);
    this.held.delete(from);
    return true;
  }
}

describe("compact", () => {
  test("moves frames down so that high segments become empty", () => {
    const { frames } = framesOf(8);
    const mover = new Mover(frames);
    const taken = Array.from({ length: 6 * FRAMES_PER_SEGMENT }, (_, index) => mover.take(index & 255));
    for (const [index, frame] of taken.entries()) if (index % 4 !== 0) mover.give(frame);
    const peak = frames.peakBytes;
    const moved = frames.compact(Number.POSITIVE_INFINITY);
    expect(moved).toBe(4 * 64);
    expect(frames.used).toBe(mover.held.size);
    expect(frames.peakBytes).toBe(peak);
    expect(Math.max(...mover.held.keys())).toBeLessThanOrEqual(2 * FRAMES_PER_SEGMENT);
    for (const [frame, mark] of mover.held) expect(frames.view(frame)[17]).toBe(mark);
    frames.verify();
    expect(frames.compact(Number.POSITIVE_INFINITY)).toBe(0);
  });

  test("stops at its budget, and leaves what cannot move", () => {
    const { frames, owner } = framesOf(8);
    const mover = new Mover(frames);
    const low = Array.from({ length: 2 * FRAMES_PER_SEGMENT }, () => frames.take("user", owner));
    const fixed = frames.take("user", owner);
    const high = Array.from({ length: 20 }, (_, index) => mover.take(index));
    for (const frame of low) frames.give(frame);
    mover.stubborn = high[3]!;
    expect(frames.compact(0)).toBe(0);
    expect(frames.compact(5)).toBe(5);
    expect(frames.compact(Number.POSITIVE_INFINITY)).toBe(14);
    expect(mover.held.has(high[3]!)).toBe(true);
    expect(frames.view(fixed).length).toBe(PAGE_SIZE);
    expect(frames.used).toBe(21);
    frames.verify();
  });
});
