import { expect, test } from "vitest";
import {
  ListLru,
  LRU_REMOVED,
  LRU_REMOVED_RETRY,
  LRU_RETRY,
  LRU_ROTATE,
  LRU_SKIP,
  LRU_STOP,
  type LruStatus,
  NO_OBJECT,
} from "../src/list-lru.js";

function listOf(...ids: number[]): ListLru {
  const list = new ListLru();
  list.ensure(10_000);
  for (const id of ids) list.add(id);
  return list;
}

function contents(list: ListLru): number[] {
  const ids: number[] = [];
  for (let id = list.oldest; id !== NO_OBJECT; id = list.newer(id)) ids.push(id);
  list.verify();
  return ids;
}

/** Walks with one answer per object (the rest: SKIP) and tells what was asked, what was removed and what is left. */
function walked(list: ListLru, answers: Readonly<Record<number, LruStatus>>, nrToWalk: number) {
  const asked: number[] = [];
  const removed = list.walk((id) => {
    asked.push(id);
    return answers[id] ?? LRU_SKIP;
  }, nrToWalk);
  expect(list.walked).toBe(asked.length);
  return { asked, removed, left: contents(list) };
}

test("adding and deleting twice changes nothing", () => {
  const list = listOf(3, 1);
  expect(list.add(3)).toBe(false);
  expect(contents(list)).toEqual([3, 1]);
  expect(list.delete(3)).toBe(true);
  expect(list.delete(3)).toBe(false);
  expect(list.delete(9_999_999)).toBe(false);
  expect(contents(list)).toEqual([1]);
  expect([list.oldest, list.newest, list.size]).toEqual([1, 1, 1]);
});

test("an empty list has no ends", () => {
  const list = new ListLru();
  expect([list.oldest, list.newest, list.size, list.has(0), list.walk(() => LRU_REMOVED, 5)]).toEqual([
    NO_OBJECT,
    NO_OBJECT,
    0,
    false,
    0,
  ]);
  list.verify();
});

test("moving makes an object the newest", () => {
  const list = listOf(0, 1, 2);
  expect([list.moveToNewest(0), list.moveToNewest(0), list.moveToNewest(7)]).toEqual([true, true, false]);
  expect(contents(list)).toEqual([1, 2, 0]);
});

test("a walk starts at the oldest and ends with its budget", () => {
  expect(walked(listOf(0, 1, 2, 3), {}, 3)).toEqual({ asked: [0, 1, 2], removed: 0, left: [0, 1, 2, 3] });
  expect(walked(listOf(0, 1), {}, 100)).toEqual({ asked: [0, 1], removed: 0, left: [0, 1] });
});

test("REMOVED takes out, ROTATE spares, SKIP leaves", () => {
  const answers = { 0: LRU_REMOVED, 1: LRU_ROTATE, 2: LRU_SKIP, 3: LRU_REMOVED } as const;
  expect(walked(listOf(0, 1, 2, 3), answers, 4)).toEqual({ asked: [0, 1, 2, 3], removed: 2, left: [2, 1] });
});

test("STOP ends the walk at once", () => {
  expect(walked(listOf(0, 1, 2), { 1: LRU_STOP }, 9)).toEqual({ asked: [0, 1], removed: 0, left: [0, 1, 2] });
});

test("10.2-g RETRY can not loop for ever, because the budget is taken before the callback is asked", () => {
  expect(walked(listOf(0, 1), { 0: LRU_RETRY }, 5).asked).toEqual([0, 0, 0, 0, 0]);
});

test("10.2-f after RETRY and REMOVED_RETRY the walk starts at the oldest, whatever the callback did to the list", () => {
  const list = listOf(0, 1, 2, 3);
  const asked: number[] = [];
  const removed = list.walk((id) => {
    asked.push(id);
    if (id === 1) {
      list.delete(1);
      list.delete(2);
      list.moveToNewest(0);
      return LRU_REMOVED_RETRY;
    }
    return id === 3 ? LRU_REMOVED : LRU_SKIP;
  }, 10);
  expect(asked).toEqual([0, 1, 3, 0]);
  expect(removed).toBe(2);
  expect(contents(list)).toEqual([0]);
});

test("10.2-h a callback that took the object out must say so", () => {
  const list = listOf(0, 1);
  expect(() =>
    list.walk((id) => {
      list.delete(id);
      return LRU_SKIP;
    }, 1),
  ).toThrow("in the list");
});

test("tables are charged before they grow and given back at the end", () => {
  let charged = 0;
  const accountant = {
    charge: (bytes: number) => {
      if (charged + bytes > 16_384) return false;
      charged += bytes;
      return true;
    },
    uncharge: (bytes: number) => {
      charged -= bytes;
    },
  };
  const list = new ListLru(accountant);
  expect(list.ensure(1)).toBe(true);
  expect(list.ensure(1_000_000)).toBe(false);
  list.add(0);
  expect(list.memoryBytes()).toBe(charged);
  list.release();
  expect([charged, list.size, list.has(0)]).toEqual([0, 0, false]);
  list.verify();
});
