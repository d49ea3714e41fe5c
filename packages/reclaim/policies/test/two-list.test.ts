import { NO_VICTIM } from "@pagetier/policy";
import { expect, test } from "vitest";
import { inactiveRatio, TwoListPolicy } from "../src/two-list.js";

test("the active list may grow with the square root of memory", () => {
  const pagesPerGb = 262_144;
  expect([0, 0.3, 0.4, 1, 10, 100].map((gb) => inactiveRatio(gb * pagesPerGb))).toEqual([1, 1, 2, 3, 10, 31]);
});

test("a page becomes active at its second use", () => {
  const policy = new TwoListPolicy({ capacity: 10 });
  policy.admit(0);
  policy.hit(0);
  expect([policy.inactive, policy.active]).toEqual([1, 0]);
  policy.hit(0);
  expect([policy.inactive, policy.active]).toEqual([0, 1]);
  policy.verify();
});

test("a scan does not touch pages that were used twice", () => {
  const policy = new TwoListPolicy({ capacity: 8 });
  for (let id = 0; id < 4; id++) {
    policy.admit(id);
    policy.hit(id);
    policy.hit(id);
  }
  for (let id = 100; id < 200; id++) policy.admit(id);
  expect([0, 1, 2, 3].every((id) => policy.has(id))).toBe(true);
  policy.verify();
});

test("a page used once makes another trip, then leaves; used again in between, it becomes active", () => {
  const policy = new TwoListPolicy({ capacity: Infinity });
  for (let id = 0; id < 3; id++) policy.admit(id);
  policy.hit(0);
  policy.hit(1);
  expect(policy.victim()).toBe(2); // 0 and 1 were spared.
  policy.hit(1);
  expect(policy.active).toBe(1);
  expect(policy.victim()).toBe(0);
  policy.verify();
});

test("an active page is deactivated even if it was used, and one use brings it back", () => {
  const policy = new TwoListPolicy({ capacity: Infinity });
  for (let id = 0; id < 2; id++) {
    policy.admit(id);
    for (let use = 0; use < 3; use++) policy.hit(id);
  }
  expect(policy.active).toBe(2);
  expect(policy.victim()).toBe(0);
  policy.admit(2);
  policy.admit(3);
  expect([policy.inactive, policy.active]).toEqual([2, 1]);
  expect([policy.victim(), policy.victim(), policy.victim(), policy.victim()]).toEqual([2, 3, 1, NO_VICTIM]);
  policy.verify();
});

test("one call spares at most a cluster, so its work is bounded", () => {
  const policy = new TwoListPolicy({ capacity: Infinity });
  for (let id = 0; id < 1000; id++) {
    policy.admit(id);
    policy.hit(id);
  }
  expect(policy.victim()).toBe(32);
  policy.verify();
});

test("pages that could not leave go to the active list, so the inactive list drains and active pages get their turn", () => {
  const policy = new TwoListPolicy({ capacity: Infinity });
  for (let id = 0; id < 6; id++) policy.admit(id);
  const offered = new Set<number>();
  for (let call = 0; call < 12; call++) {
    const id = policy.victim();
    offered.add(id);
    policy.rotate(id);
    policy.verify();
  }
  expect(offered.size).toBe(6);
});
