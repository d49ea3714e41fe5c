import fc from "fast-check";
import { expect, test } from "vitest";
import { BeladyPolicy } from "../src/belady.js";

/** Belady's rule as it reads: a scan for the page whose next use is farthest. */
function slowly(keys: readonly number[], capacity: number): number {
  const nextUse = new Map<number, number>();
  const uses = new Map<number, number[]>();
  for (const [now, key] of keys.entries()) uses.set(key, [...(uses.get(key) ?? []), now]);
  let misses = 0;
  for (const [now, key] of keys.entries()) {
    if (!nextUse.has(key)) {
      misses++;
      if (nextUse.size === capacity) {
        let farthest = key;
        let when = -1;
        for (const [page, next] of nextUse) {
          if (next <= when) continue;
          farthest = page;
          when = next;
        }
        nextUse.delete(farthest);
      }
    }
    nextUse.set(key, uses.get(key)!.find((use) => use > now) ?? Number.POSITIVE_INFINITY);
  }
  return misses;
}

test("misses as often as a scan for the farthest next use does", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(15), { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (keys, capacity) => {
      expect(new BeladyPolicy().misses(Uint32Array.from(keys), capacity)).toBe(slowly(keys, capacity));
    }),
  );
});

test("finds the farthest among many moments", () => {
  // More than 32 × 32 requests, so that the set of moments has three levels.
  const keys = Array.from({ length: 3000 }, (_, now) => (now * now) % 997);
  expect(new BeladyPolicy().misses(Uint32Array.from(keys), 100)).toBe(slowly(keys, 100));
});

test("an empty trace misses nothing", () => {
  expect(new BeladyPolicy().misses(new Uint32Array(0), 1)).toBe(0);
});
