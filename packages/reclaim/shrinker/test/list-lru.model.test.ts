import fc from "fast-check";
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

const IDS = 12;
const id = fc.nat(IDS - 1);
const status = fc.constantFrom<LruStatus>(LRU_REMOVED, LRU_REMOVED_RETRY, LRU_ROTATE, LRU_SKIP, LRU_RETRY, LRU_STOP);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ add: id }) },
  { weight: 2, arbitrary: fc.record({ delete: id }) },
  { weight: 2, arbitrary: fc.record({ move: id }) },
  {
    weight: 2,
    arbitrary: fc.record({ walk: fc.array(status, { minLength: IDS, maxLength: IDS }), budget: fc.nat(20) }),
  },
);

/** The list as an array, oldest first. */
function walkModel(model: number[], answers: readonly LruStatus[], budget: number): number {
  let removed = 0;
  let index = 0;
  for (let left = budget; left > 0 && index < model.length; left--) {
    const object = model[index]!;
    const answer = answers[object]!;
    if (answer === LRU_STOP) break;
    if (answer === LRU_SKIP) index++;
    if (answer === LRU_RETRY) index = 0;
    if (answer === LRU_REMOVED || answer === LRU_REMOVED_RETRY) {
      model.splice(index, 1);
      removed++;
      if (answer === LRU_REMOVED_RETRY) index = 0;
    }
    if (answer === LRU_ROTATE) {
      const wasNewest = index === model.length - 1;
      model.push(model.splice(index, 1)[0]!);
      if (wasNewest) break;
    }
  }
  return removed;
}

test("a list-lru behaves like an array", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const list = new ListLru();
      list.ensure(IDS);
      const model: number[] = [];
      for (const each of steps) {
        if ("add" in each) {
          expect(list.add(each.add)).toBe(!model.includes(each.add));
          if (!model.includes(each.add)) model.push(each.add);
        } else if ("delete" in each) {
          const index = model.indexOf(each.delete);
          expect(list.delete(each.delete)).toBe(index >= 0);
          if (index >= 0) model.splice(index, 1);
        } else if ("move" in each) {
          const index = model.indexOf(each.move);
          expect(list.moveToNewest(each.move)).toBe(index >= 0);
          if (index >= 0) model.push(model.splice(index, 1)[0]!);
        } else {
          const removed = list.walk((object) => each.walk[object]!, each.budget);
          expect(removed).toBe(walkModel(model, each.walk, each.budget));
        }
        const contents: number[] = [];
        for (let object = list.oldest; object !== NO_OBJECT; object = list.newer(object)) contents.push(object);
        const backwards: number[] = [];
        for (let object = list.newest; object !== NO_OBJECT; object = list.older(object)) backwards.push(object);
        expect(contents).toEqual(model);
        expect(backwards.reverse()).toEqual(model);
        list.verify();
      }
    }),
  );
});
