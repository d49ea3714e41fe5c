import { createPrng } from "@pagetier/base";
import { expect, test } from "vitest";
import { LruPolicy } from "../src/lru.js";
import { WTinyLfuPolicy } from "../src/wtinylfu.js";
import { missesOf } from "./traces.js";

test("a page that was used more often than its opponent gets in, one that was not leaves", () => {
  const policy = new WTinyLfuPolicy({ capacity: 3 }, { windowRatio: 0.34 });
  policy.admit(0);
  policy.admit(1);
  policy.admit(2); // Window: 2; on probation: 0, 1.
  policy.verify();
  expect(policy.admit(3)).toBe(2); // 2 falls out of the window; a draw with 0 is lost.
  policy.hit(3);
  policy.hit(3);
  expect(policy.admit(4)).toBe(0); // 3 was used more often.
  expect(policy.has(3)).toBe(true);
  policy.verify();
});

test("a hit on probation protects; too many protected pages go back on probation", () => {
  const policy = new WTinyLfuPolicy({ capacity: 11 }, { windowRatio: 0.1, protectedRatio: 0.2 });
  for (let id = 0; id < 11; id++) policy.admit(id);
  for (let id = 0; id < 5; id++) policy.hit(id); // Only two can be protected.
  policy.verify();
  expect(policy.has(0)).toBe(true);
});

test("a scan does not wash out what is popular", () => {
  const random = createPrng(9);
  const requests: number[] = [];
  for (let step = 0; step < 20_000; step++)
    requests.push(step % 2 === 0 ? Math.floor(90 * random.unit() ** 2) : 1000 + step);
  const ids = Uint32Array.from(requests);
  const ours = missesOf(new WTinyLfuPolicy({ capacity: 100 }), ids, 100);
  const lru = missesOf(new LruPolicy({ capacity: 100 }), ids, 100);
  expect(ours).toBeLessThan(0.8 * lru);
});
