import assert from "node:assert/strict";
import type { TestRunner } from "@pagetier/base/testing";
import fc from "fast-check";
import { makePage } from "./pages.js";
import { type CleancacheFactory, Subject } from "./subject.js";

const slot = fc.constantFrom(0, 1);
const file = fc.constantFrom(1, 2 ** 40);
const index = fc.constantFrom(0, 64, 2 ** 32 - 1);

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("put" as const), slot, file, index, wasActive: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("get" as const), slot, file, index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("invalidatePage" as const), slot, file, index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("invalidateInode" as const), slot, file }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("remount" as const), slot }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("reclaim" as const), pages: fc.integer({ min: 1, max: 4 }) }) },
);

/** Random steps on the backend and on a Map from key to the seed last put, an absent key being a miss that stays. */
export function agreesWithModel({ describe, test }: TestRunner, factory: CleancacheFactory): void {
  describe("model", () => {
    test("never stale", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 80, size: "max" }), async (steps) => {
          const subject = new Subject(factory);
          const pools = [subject.pool, subject.mount()];
          const model = new Map<string, number>();
          const forget = (prefix: string) => {
            for (const key of model.keys()) if (key.startsWith(prefix)) model.delete(key);
          };
          for (const [seed, next] of steps.entries()) {
            if (next.do === "reclaim") {
              await subject.reclaim(next.pages);
              continue;
            }
            const pool = pools[next.slot]!;
            if (next.do === "put") {
              subject.put(next.file, next.index, seed, { pool, wasActive: next.wasActive });
              model.set(`${next.slot}:${next.file}:${next.index}`, seed);
            } else if (next.do === "get") {
              const key = `${next.slot}:${next.file}:${next.index}`;
              const { outcome, page } = await subject.get(next.file, next.index, pool);
              const expected = model.get(key);
              if (outcome === "hit") {
                assert.ok(
                  expected !== undefined,
                  "what was taken, invalidated or missed stays away until the next put",
                );
                assert.ok(Buffer.compare(page, makePage(expected)) === 0, "a get gives the bytes last put");
              }
              model.delete(key); // Taken out, or a miss that stays.
            } else if (next.do === "invalidatePage") {
              subject.backend.invalidatePage(pool, next.file, next.index);
              model.delete(`${next.slot}:${next.file}:${next.index}`);
            } else if (next.do === "invalidateInode") {
              subject.backend.invalidateInode(pool, next.file);
              forget(`${next.slot}:${next.file}:`);
            } else {
              subject.backend.invalidateFs(pool);
              pools[next.slot] = subject.mount();
              forget(`${next.slot}:`);
            }
            subject.check();
          }
          await subject.end();
        }),
        { numRuns: 60 },
      );
    });
  });
}
