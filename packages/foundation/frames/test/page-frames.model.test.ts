import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AllocationContext, type Frame, NO_FRAME, PageFrames } from "../src/index.js";

const STEP = fc.oneof(
  fc.record({ does: fc.constant("take" as const), context: fc.constantFrom("user", "reclaim", "writeback") }),
  fc.record({ does: fc.constant("takeMany" as const), count: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ does: fc.constant("give" as const), pick: fc.nat({ max: 1 << 20 }), count: fc.nat({ max: 90 }) }),
  fc.record({ does: fc.constant("charge" as const), bytes: fc.nat({ max: 100_000 }) }),
  fc.record({ does: fc.constant("uncharge" as const) }),
  fc.record({ does: fc.constant("compact" as const), budget: fc.nat({ max: 50 }) }),
  fc.record({ does: fc.constant("setTotal" as const), mib: fc.integer({ min: 1, max: 6 }) }),
);

describe("random histories", () => {
  test("agree with a plain map of frames at every step", () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 150, size: "max" }), (steps) => {
        const frames = new PageFrames({ budgetBytes: 4 << 20 });
        const held = new Map<Frame, number>();
        let mark = 0;
        const owner = frames.register({
          name: "model",
          relocate: (from, to) => {
            if (from % 7 === 0) return false;
            frames.view(to).set(frames.view(from));
            held.set(to, held.get(from)!);
            held.delete(from);
            return true;
          },
        });
        const note = (frame: Frame): void => {
          expect(held.has(frame)).toBe(false);
          mark = (mark + 1) & 255;
          frames.view(frame).fill(mark);
          held.set(frame, mark);
        };
        const charges: number[] = [];
        const into = new Uint32Array(64);
        for (const step of steps) {
          if (step.does === "take") {
            const room = frames.available(step.context as AllocationContext);
            const frame = frames.take(step.context as AllocationContext, owner);
            expect(frame !== NO_FRAME).toBe(room > 0);
            if (frame !== NO_FRAME) note(frame);
          } else if (step.does === "takeMany") {
            if (frames.takeMany("reclaim", owner, step.count, into)) {
              for (const frame of into.subarray(0, step.count)) note(frame as Frame);
            }
          } else if (step.does === "give") {
            const all = [...held.keys()];
            const first = all.length === 0 ? 0 : step.pick % all.length;
            for (const frame of all.slice(first, first + step.count)) {
              held.delete(frame);
              frames.give(frame);
            }
          } else if (step.does === "charge") {
            if (frames.charge(step.bytes)) charges.push(step.bytes);
          } else if (step.does === "uncharge") frames.uncharge(charges.pop() ?? 0);
          else if (step.does === "compact") frames.compact(step.budget);
          else frames.setTotal(step.mib << 20);
          frames.verify();
          expect(frames.used).toBe(held.size);
          expect(frames.chargedBytes).toBe(charges.reduce((sum, bytes) => sum + bytes, 0));
        }
        for (const [frame, expected] of held) {
          expect(frames.view(frame)[0]).toBe(expected);
          expect(frames.view(frame)[4095]).toBe(expected);
          frames.give(frame);
        }
        expect(frames.used).toBe(0);
        frames.verify();
      }),
      { numRuns: 60, seed: 1 },
    );
  });
});
