import { UNCHARGED } from "@pagetier/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { IdLists, NO_ID } from "../src/tables/id-lists.js";

const IDS = 10;
const LISTS = 3;
const id = fc.nat(IDS - 1);
const list = fc.integer({ min: 1, max: LISTS });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ addNewest: id, list }) },
  {
    weight: 2,
    arbitrary: fc.record({ add: id, beside: id, side: fc.constantFrom("newer" as const, "older" as const) }),
  },
  { weight: 2, arbitrary: fc.record({ remove: id }) },
  { weight: 3, arbitrary: fc.record({ move: id, list }) },
  { weight: 1, arbitrary: fc.record({ takeOldest: list }) },
);

test("lists over ids behave like arrays", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const lists = new IdLists(LISTS, UNCHARGED);
      lists.ensure(IDS - 1);
      const model: number[][] = Array.from({ length: LISTS + 1 }, () => []);
      const holderOf = (each: number) => model.find((pages) => pages.includes(each));
      for (const each of steps) {
        if ("addNewest" in each) {
          if (holderOf(each.addNewest) !== undefined) continue;
          lists.addNewest(each.list, each.addNewest);
          model[each.list]!.push(each.addNewest);
        } else if ("add" in each) {
          const holder = holderOf(each.beside);
          if (holder === undefined || holderOf(each.add) !== undefined) continue;
          const newer = each.side === "newer";
          if (newer) lists.addNewer(each.beside, each.add);
          else lists.addOlder(each.beside, each.add);
          holder.splice(holder.indexOf(each.beside) + (newer ? 1 : 0), 0, each.add);
        } else if ("remove" in each) {
          const holder = holderOf(each.remove);
          if (holder === undefined) continue;
          lists.remove(each.remove);
          holder.splice(holder.indexOf(each.remove), 1);
        } else if ("move" in each) {
          const holder = holderOf(each.move);
          if (holder === undefined) continue;
          lists.moveToNewest(each.list, each.move);
          holder.splice(holder.indexOf(each.move), 1);
          model[each.list]!.push(each.move);
        } else {
          expect(lists.takeOldest(each.takeOldest)).toBe(model[each.takeOldest]!.shift() ?? NO_ID);
        }
        expect(lists.verify()).toEqual([0, ...model.slice(1).map((pages) => pages.length)]);
        for (let number = 1; number <= LISTS; number++) {
          const pages: number[] = [];
          for (let at = lists.oldest(number); at !== NO_ID; at = lists.newer(at)) pages.push(at);
          expect(pages).toEqual(model[number]);
          const backwards: number[] = [];
          for (let at = lists.newest(number); at !== NO_ID; at = lists.older(at)) backwards.push(at);
          expect(backwards.reverse()).toEqual(pages);
        }
        for (let page = 0; page < IDS; page++) expect(lists.isLinked(page)).toBe(holderOf(page) !== undefined);
      }
    }),
  );
});

test("growing keeps what is linked, and what was not paid for does not grow", () => {
  let budget = 100_000;
  const lists = new IdLists(1, {
    charge: (bytes) => {
      if (bytes > budget) return false;
      budget -= bytes;
      return true;
    },
    uncharge: () => undefined,
  });
  lists.ensure(0);
  lists.addNewest(1, 0);
  expect(lists.ensure(5000)).toBe(true);
  lists.addNewest(1, 5000);
  expect(lists.ensure(1_000_000)).toBe(false);
  expect(lists.verify()).toEqual([0, 2]);
  expect([lists.takeOldest(1), lists.takeOldest(1)]).toEqual([0, 5000]);
});
