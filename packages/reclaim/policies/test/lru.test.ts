import { NO_VICTIM } from "@pagetier/policy";
import { expect, test } from "vitest";
import { LruPolicy } from "../src/lru.js";

test("the page whose last use is longest ago leaves", () => {
  const lru = new LruPolicy({ capacity: 3 });
  expect([0, 1, 2].map((id) => lru.admit(id))).toEqual([NO_VICTIM, NO_VICTIM, NO_VICTIM]);
  lru.hit(0);
  expect(lru.admit(3)).toBe(1);
  expect([0, 1, 2, 3].filter((id) => lru.has(id))).toEqual([0, 2, 3]);
  lru.verify();
});

test("a page that could not leave counts as just used", () => {
  const lru = new LruPolicy({ capacity: Infinity });
  for (let id = 0; id < 3; id++) lru.admit(id);
  const first = lru.victim();
  lru.rotate(first);
  expect([first, lru.victim(), lru.victim(), lru.victim(), lru.victim()]).toEqual([0, 1, 2, 0, NO_VICTIM]);
  lru.verify();
});

test("a page is refused, and nothing leaves, when the accountant pays for no larger table", () => {
  let budget = 1024 * 8;
  const accountant = {
    charge: (bytes: number) => {
      if (bytes > budget) return false;
      budget -= bytes;
      return true;
    },
    uncharge: () => undefined,
  };
  const lru = new LruPolicy({ capacity: 1, accountant });
  expect(lru.admit(5)).toBe(NO_VICTIM);
  expect(lru.admit(100_000)).toBe(100_000);
  expect(lru.has(5)).toBe(true);
  expect(lru.has(100_000)).toBe(false);
  lru.verify();
});
