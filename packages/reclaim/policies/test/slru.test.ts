import { NO_VICTIM } from "@pagetier/policy";
import { expect, test } from "vitest";
import { SlruPolicy } from "../src/slru.js";

test("a hit lifts a page one segment, and the oldest of a full one sinks", () => {
  const policy = new SlruPolicy({ capacity: 4 }, { segments: [1, 1] });
  for (const id of [0, 1]) policy.admit(id); // Segment 1 is full.
  for (const id of [2, 3]) policy.admit(id); // Segment 2 has room, so it takes these.
  policy.hit(0); // 2 sinks.
  policy.verify();
  expect([policy.admit(4), policy.admit(5), policy.admit(6)]).toEqual([1, 2, 4]);
});

test("where segments do not divide the capacity, a hit condemns the oldest pages, which leave first", () => {
  const policy = new SlruPolicy({ capacity: 5 }, { segments: [1, 1] });
  for (let id = 0; id < 5; id++) policy.admit(id); // Two in each segment; the fifth made the lowest too long: 0, 1, 4.
  policy.hit(4); // Lifted; 2 sinks; 0 is one too many.
  expect([policy.has(0), policy.size]).toEqual([false, 5]);
  policy.verify();
  expect(policy.admit(0)).toBe(NO_VICTIM); // It comes back as a page that was missing.
  expect([policy.has(0), policy.size]).toEqual([true, 5]);
  policy.hit(0); // Lifted again; 3 sinks; now 1 is one too many.
  expect(policy.has(1)).toBe(false);
  expect(policy.admit(6)).toBe(1);
  policy.verify();
});

test("with unbounded capacity nobody is condemned", () => {
  const policy = new SlruPolicy({ capacity: Infinity, expectedPages: 7 });
  for (let id = 0; id < 50; id++) policy.admit(id);
  for (let id = 0; id < 50; id++) policy.hit(id);
  expect(Array.from({ length: 50 }, (_, id) => policy.has(id)).every(Boolean)).toBe(true);
  policy.verify();
});
