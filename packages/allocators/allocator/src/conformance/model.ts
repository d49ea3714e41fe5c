import assert from "node:assert/strict";
import { createPrng, PAGE_SIZE } from "@pagetier/base";
import fc from "fast-check";
import { type Handle, NO_HANDLE, TOO_LARGE } from "../zpool.js";
import type { ConformanceRunner } from "./runner.js";
import { assertHolds, bytesOf, makeSubject, type Subject, type ZpoolFactory } from "./subject.js";

/** One step of a random history. `pick` chooses among the live objects. */
type Step =
  | { readonly does: "malloc"; readonly size: number; readonly seed: number }
  | { readonly does: "free" | "freeGroup" | "rewrite"; readonly pick: number }
  | { readonly does: "compact"; readonly budget: number }
  | { readonly does: "moveFrames"; readonly budget: number };

const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      does: fc.constant("malloc" as const),
      size: fc.oneof(fc.integer({ min: 1, max: PAGE_SIZE }), fc.constantFrom(40, 1300, 2048, 2720, PAGE_SIZE)),
      seed: fc.nat({ max: 1 << 20 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      does: fc.constantFrom(
        "free" as const,
        "free" as const,
        "free" as const,
        "rewrite" as const,
        "freeGroup" as const,
      ),
      pick: fc.nat({ max: 1 << 20 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant("compact" as const),
      budget: fc.integer({ min: 0, max: 12 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant("moveFrames" as const),
      budget: fc.integer({ min: 0, max: 12 }),
    }),
  },
);

/** The pool beside a plain map of what it should hold. */
class Model {
  readonly #held = new Map<Handle, Uint8Array>();
  readonly #subject: Subject;
  readonly #room = new Uint32Array(512);
  /** Frames that somebody else holds. */
  readonly #others: number;

  constructor(subject: Subject) {
    this.#subject = subject;
    this.#others = subject.frames.used;
  }

  run(step: Step): void {
    const { frames, pool } = this.#subject;
    if (step.does === "malloc") this.#malloc(step.size, step.seed);
    else if (step.does === "compact") {
      const before = pool.totalFrames();
      assert.equal(pool.compact(step.budget), before - pool.totalFrames(), "compact freed what it says");
    } else if (step.does === "moveFrames") frames.compact(step.budget);
    else if (this.#held.size > 0) this.#change(step.does, [...this.#held.keys()][step.pick % this.#held.size]!);
    assert.equal(pool.stats().objects, this.#held.size, "the pool holds as many objects as the model");
    assert.equal(pool.totalFrames(), frames.used - this.#others, "the pool counts its frames");
    pool.verify();
  }

  compareAll(): void {
    for (const [handle, bytes] of this.#held) assertHolds(this.#subject.pool, handle, bytes);
  }

  empty(): void {
    const { frames, pool } = this.#subject;
    for (const handle of this.#held.keys()) pool.free(handle);
    assert.equal(frames.used, this.#others, "nothing is held once everything is freed");
    pool.verify();
  }

  #malloc(size: number, seed: number): void {
    const { pool } = this.#subject;
    const handle = pool.malloc(size);
    if (size > pool.maxSize) assert.equal(handle, TOO_LARGE);
    if (handle <= NO_HANDLE) return; // Full is a legal answer at any time.
    assert.ok(!this.#held.has(handle), "a live handle is never issued twice");
    const bytes = bytesOf(seed, size);
    pool.write(handle, bytes, 0, size);
    this.#held.set(handle, bytes);
  }

  #change(does: "free" | "freeGroup" | "rewrite", handle: Handle): void {
    const { pool } = this.#subject;
    const bytes = this.#held.get(handle)!;
    assertHolds(pool, handle, bytes);
    if (does === "rewrite") {
      const prng = createPrng(bytes[0]!);
      const part = bytesOf(prng.u32(), 1 + prng.below(bytes.length));
      pool.write(handle, part, 0, part.length);
      const target = new Uint8Array(bytes.length);
      pool.read(handle, target, 0); // What follows the part is slack of the write; the object's bytes are what it reads as.
      assert.ok(
        Buffer.compare(target.subarray(0, part.length), part) === 0,
        "a rewritten object begins with the new bytes",
      );
      this.#held.set(handle, target);
      return;
    }
    const count = does === "free" ? 1 : pool.groupHandles(pool.groupOf(handle), this.#room);
    if (does === "free") this.#room[0] = handle;
    for (const member of this.#room.slice(0, count)) {
      assert.ok(this.#held.delete(member as Handle), "a group lists live objects");
      pool.free(member as Handle);
    }
  }
}

/** Random histories beside a plain map, verified after every step. */
export function agreesWithModel({ describe, test }: ConformanceRunner, create: ZpoolFactory): void {
  describe("random histories", () => {
    test("agree with a plain map at every step", () => {
      fc.assert(
        fc.property(fc.array(STEP, { maxLength: 120, size: "max" }), (steps) => {
          const model = new Model(makeSubject(create, 2));
          for (const step of steps) model.run(step);
          model.compareAll();
          model.empty();
        }),
        { numRuns: 40, seed: 20260 },
      );
    });

    test("agree with a plain map in a budget that is always full", () => {
      fc.assert(
        fc.property(fc.array(STEP, { minLength: 50, maxLength: 120, size: "max" }), (steps) => {
          const subject = makeSubject(create, 1);
          const other = subject.frames.register({ name: "other" });
          while (subject.frames.available("reclaim") > 10) subject.frames.take("reclaim", other);
          const model = new Model(subject);
          for (const step of steps) model.run(step);
          model.compareAll();
          model.empty();
        }),
        { numRuns: 25, seed: 20261 },
      );
    });
  });
}
