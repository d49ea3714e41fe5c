import { expect, test } from "vitest";
import { ReadaheadWindow } from "../src/index.js";

/** Windows of reads at these offsets, so many pages of each having been used before the next. */
function windows(max: number, reads: readonly (readonly [offset: number, hits: number])[]): number[] {
  const window = new ReadaheadWindow(max);
  return reads.map(([offset, hits]) => {
    const pages = window.next(offset);
    for (let hit = 0; hit < hits; hit++) window.noteHit();
    return pages;
  });
}

test("begins with trust, and halves while nothing is used", () => {
  const far = [10, 90, 30, 70, 50].map((offset) => [offset, 0] as const);
  expect(windows(8, far)).toEqual([8, 4, 2, 1, 1]);
  expect(windows(32, far)).toEqual([8, 4, 2, 1, 1]);
});

test("grows to what was used and two more, rounded up to a power of two, and never beyond the most", () => {
  const idle = [10, 90, 30, 70].map((offset) => [offset, 0] as const);
  const used = [
    [50, 1],
    [20, 3],
    [80, 7],
    [40, 15],
    [60, 31],
    [5, 0],
  ] as const;
  expect(windows(32, [...idle, ...used]).slice(idle.length)).toEqual([1, 4, 8, 16, 32, 32]);
  expect(windows(8, [...idle, ...used]).slice(idle.length)).toEqual([1, 4, 8, 8, 8, 8]);
});

test("takes one page along where the slot lies beside the last one", () => {
  const idle = [10, 90, 30, 70].map((offset) => [offset, 0] as const);
  expect(windows(8, [...idle, [71, 0], [70, 0], [68, 0]]).slice(idle.length)).toEqual([2, 2, 1]);
});

test("of at most one page reads nothing ahead", () => {
  for (const max of [0, 1])
    expect(
      windows(max, [
        [1, 5],
        [2, 5],
        [3, 5],
      ]),
    ).toEqual([1, 1, 1]);
});
