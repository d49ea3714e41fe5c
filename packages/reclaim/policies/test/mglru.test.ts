import { createPrng } from "@pagetier/base";
import { NO_VICTIM } from "@pagetier/policy";
import { expect, test } from "vitest";
import { MglruPolicy } from "../src/mglru.js";

test("a mapped page that was hit is moved by eviction to the generation of the hit", () => {
  const policy = new MglruPolicy({ capacity: Infinity });
  for (let id = 0; id < 4; id++) policy.admit(id);
  expect(policy.victim()).toBe(0); // Everybody is of one generation, which aged until it was the oldest.
  policy.hit(1);
  expect(policy.victim()).toBe(2);
  expect(policy.victim()).toBe(3);
  policy.verify();
  expect([policy.victim(), policy.victim()]).toEqual([1, NO_VICTIM]);
});

test("there are always 2 to 4 generations", () => {
  const policy = new MglruPolicy({ capacity: 50 });
  const random = createPrng(5);
  const seen = new Set<number>();
  for (let step = 0; step < 5000; step++) {
    const id = Math.floor(120 * random.unit() ** 2);
    if (policy.has(id)) policy.hit(id);
    else policy.admit(id);
    seen.add(policy.generations);
    if (step % 50 === 0) policy.verify();
  }
  expect([...seen].every((count) => count >= 2 && count <= 4)).toBe(true);
});

test("one call moves at most 64 pages, so its work is bounded", () => {
  const policy = new MglruPolicy({ capacity: Infinity });
  for (let id = 0; id < 1000; id++) policy.admit(id);
  expect(policy.victim()).toBe(0);
  for (let id = 1; id < 1000; id++) policy.hit(id);
  expect(policy.victim()).toBe(65);
  policy.verify();
});

test("file pages enter old: one that is used once leaves before those that were here", () => {
  const policy = new MglruPolicy({ capacity: Infinity }, { uses: "file" });
  for (let id = 0; id < 3; id++) policy.admit(id);
  expect(policy.victim()).toBe(0);
  policy.admit(0); // It returns at once, and enters the next generation.
  policy.admit(3);
  expect([policy.victim(), policy.victim(), policy.victim(), policy.victim()]).toEqual([1, 2, 3, 0]);
});

test("file pages of a tier that keeps returning are protected", () => {
  // 200 pages are read three times in a row and return after leaving; the others are read once and never again.
  const policy = new MglruPolicy({ capacity: 300 }, { uses: "file" });
  let once = 1000;
  let misses = 0;
  const round = () => {
    misses = 0;
    for (let id = 0; id < 200; id++) {
      for (let use = 0; use < 3; use++) {
        if (policy.has(id)) policy.hit(id);
        else {
          policy.admit(id);
          misses++;
        }
      }
      for (let each = 0; each < 2; each++) policy.admit(once++);
    }
    policy.verify();
  };
  round();
  expect(misses).toBe(200);
  for (let rounds = 0; rounds < 10; rounds++) round();
  expect(misses).toBeLessThan(100);
});
