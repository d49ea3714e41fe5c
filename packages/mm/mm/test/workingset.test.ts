import { expect, test } from "vitest";
import { type Competitors, Workingset } from "../src/workingset.js";

const NOBODY: Competitors = { anon: 0, anonActive: 0, file: 0, fileActive: 0, canSwap: true };

/** A page leaves, and so many others after it. */
function evicted(others: number): Workingset {
  const workingset = new Workingset();
  workingset.evict(7);
  for (let other = 0; other < others; other++) workingset.evict(1000 + other);
  return workingset;
}

test("a page that never left, or is forgotten, tells nothing", () => {
  const workingset = new Workingset();
  expect(workingset.refault(7, "anon", NOBODY)).toBe("unknown");
  workingset.evict(7);
  workingset.forget(7);
  expect(workingset.refault(7, "anon", NOBODY)).toBe("unknown");
});

test("the refault distance is compared with what competes: a page of a file", () => {
  const competitors = { anon: 30, anonActive: 10, file: 99, fileActive: 20 };
  expect(evicted(50).refault(7, "file", { ...competitors, canSwap: true })).toBe("recent");
  expect(evicted(51).refault(7, "file", { ...competitors, canSwap: true })).toBe("distant");
  expect(evicted(20).refault(7, "file", { ...competitors, canSwap: false })).toBe("recent");
  expect(evicted(21).refault(7, "file", { ...competitors, canSwap: false })).toBe("distant");
});

test("the refault distance is compared with what competes: an anonymous page", () => {
  const competitors = { anon: 99, anonActive: 10, file: 30, fileActive: 20, canSwap: true };
  expect(evicted(40).refault(7, "anon", competitors)).toBe("recent");
  expect(evicted(41).refault(7, "anon", competitors)).toBe("distant");
});

test("10.6-e the refault distance is right across the clock's wrap", () => {
  const competitors = { anon: 99, anonActive: 10, file: 30, fileActive: 20, canSwap: true };
  for (const before of [0, 1, 20, 40]) {
    for (const [others, expected] of [
      [40, "recent"],
      [41, "distant"],
    ] as const) {
      const workingset = new Workingset(2 ** 29 - 1 - before);
      workingset.evict(7);
      for (let other = 0; other < others; other++) workingset.evict(1000 + other);
      expect(workingset.refault(7, "anon", competitors)).toBe(expected);
    }
  }
});

test("a page that comes back too soon a second time is thrashing; a stay breaks the chain", () => {
  const workingset = new Workingset();
  workingset.evict(7);
  expect(workingset.refault(7, "anon", NOBODY)).toBe("recent");
  workingset.evict(7);
  expect(workingset.refault(7, "anon", NOBODY)).toBe("thrashing");
  workingset.evict(7);
  workingset.evict(8); // One page between, and nobody competes: it would not have been kept.
  expect(workingset.refault(7, "anon", NOBODY)).toBe("distant");
  workingset.evict(7);
  expect(workingset.refault(7, "anon", NOBODY)).toBe("recent");
});

test("a page that could not leave after all keeps what is known of it", () => {
  const workingset = new Workingset();
  workingset.evict(7);
  workingset.keep(7);
  expect(workingset.refault(7, "anon", NOBODY)).toBe("unknown");
  workingset.evict(7);
  workingset.refault(7, "anon", NOBODY);
  workingset.evict(7);
  workingset.keep(7);
  workingset.evict(7);
  expect(workingset.refault(7, "anon", NOBODY)).toBe("thrashing");
});
