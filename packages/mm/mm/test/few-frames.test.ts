// "With 0, 1 and 2 free frames, a pool full of incompressible pages and a slow store: progress or a clean refusal, never a
// hang." Another owner takes every frame but so many; the store does one operation at a time, when the test lets it.

import { PAGE_SIZE, TierError } from "@pagetier/base";
import { type Frame, NO_FRAME } from "@pagetier/frames";
import { describe, expect, test } from "vitest";
import type { AnonSpace } from "../src/index.js";
import { evictAll, pageOf, type Rig, type RigOptions, rig, turns } from "./rig.js";
import { ScriptedStore } from "./scripted-store.js";

const PAGES = 400;
const CONTENTS = Array.from({ length: PAGES }, (_none, page) => pageOf(page, 1));
/** Far more store operations than any access needs. */
const STEPS_MAX = 3000;

interface Cramped extends Rig {
  readonly store: ScriptedStore;
  readonly space: AnonSpace;
  release(): void;
}

/** @param freeFrames frames left for everybody @param resident whether pages may stay in memory, or only the pool's */
async function cramped(options: RigOptions, freeFrames: number, resident: boolean): Promise<Cramped> {
  const store = new ScriptedStore();
  const stack = await rig({ ...options, stores: [store] });
  const space = stack.mm.space({ name: "data", size: 2 * PAGES * PAGE_SIZE });
  for (let page = 0; page < PAGES; page++) await space.write(page, 0, CONTENTS[page]!);
  if (!resident) await evictAll(stack);
  await turns(); // Background work ends.
  const owner = stack.frames.register({ name: "hog" });
  const hogged: Frame[] = [];
  while (stack.frames.free > freeFrames) {
    const frame = stack.frames.take("writeback", owner);
    expect(frame).not.toBe(NO_FRAME);
    hogged.push(frame);
  }
  store.hold();
  return {
    ...stack,
    store,
    space,
    release: () => {
      for (const frame of hogged.splice(0)) stack.frames.give(frame);
    },
  };
}

/** Lets the store do one operation after the other until all accesses ended. @returns how each ended: undefined or a code */
async function settle({ store }: Cramped, accesses: readonly Promise<unknown>[]): Promise<(string | undefined)[]> {
  let open = accesses.length;
  const ends = accesses.map((access) =>
    access
      .then(
        () => undefined,
        (error: unknown) => {
          expect(TierError.is(error), String(error)).toBe(true);
          return (error as TierError).code;
        },
      )
      .finally(() => open--),
  );
  for (let step = 0; open > 0 && step < STEPS_MAX; step++) {
    await turns(2);
    store.letGo(1);
  }
  expect(open, "accesses that neither made progress nor were refused").toBe(0);
  return Promise.all(ends);
}

async function readsBack(cramp: Cramped): Promise<void> {
  const { store, space, release, mm, frames } = cramp;
  release();
  store.resume();
  const into = new Uint8Array(PAGE_SIZE);
  for (let page = 0; page < PAGES; page++) {
    await space.read(page, 0, into);
    expect(Buffer.compare(into, CONTENTS[page]!), `page ${page}`).toBe(0);
  }
  mm.verify();
  await mm.close();
  expect(frames.used).toBe(0);
}

const STACKS: Readonly<Record<string, RigOptions>> = {
  zswap: {},
  "zswap, exclusive": { zswap: { exclusiveLoads: true } },
  "zswap, pool refuses": { zswap: { poolFull: "refuse" } },
  "no backend": { zswap: null },
  "write-through": { writeThrough: true },
};

for (const [name, options] of Object.entries(STACKS)) {
  describe(name, () => {
    for (const freeFrames of [0, 1, 2]) {
      for (const reserveFrames of [0, 2]) {
        test(`${freeFrames} free frames, ${reserveFrames} reserved, pages in memory: every access completes`, async () => {
          const cramp = await cramped({ ...options, reserveFrames }, freeFrames, true);
          const { space } = cramp;
          const accesses: Promise<void>[] = [];
          for (let count = 0; count < 12; count++) {
            accesses.push(space.read(count * 33, 0, new Uint8Array(PAGE_SIZE)));
            accesses.push(space.write(PAGES + count, 0, CONTENTS[count]!));
          }
          expect(new Set(await settle(cramp, accesses))).toEqual(new Set([undefined]));
          await readsBack(cramp);
        });

        test(`${freeFrames} free frames, ${reserveFrames} reserved, nothing else in memory: progress or a clean refusal`, async () => {
          const cramp = await cramped({ ...options, reserveFrames }, freeFrames, false);
          const { space, mm } = cramp;
          const accesses: Promise<void>[] = [];
          for (let count = 0; count < 6; count++) {
            accesses.push(space.read(count * 66 + 5, 0, new Uint8Array(PAGE_SIZE)));
            accesses.push(space.write(PAGES + count, 0, CONTENTS[count]!));
          }
          const ends = await settle(cramp, accesses);
          for (const end of ends) expect([undefined, "MM_OUT_OF_MEMORY"]).toContain(end);
          // What was swapped out can be read while there is one frame.
          if (freeFrames > 0) expect(ends.filter((_end, index) => index % 2 === 0)).toContain(undefined);
          mm.verify();
          await readsBack(cramp);
        });
      }
    }
  });
}

test("an access that waits for a store does not spin", async () => {
  const cramp = await cramped({ reserveFrames: 1 }, 1, true);
  const access = cramp.space.write(PAGES, 0, CONTENTS[1]!);
  await turns(50);
  const { pagesScanned, directReclaims, kswapdSteps } = cramp.mm.counters();
  await turns(100);
  expect(cramp.mm.counters()).toMatchObject({ pagesScanned, directReclaims, kswapdSteps });
  await settle(cramp, [access]);
  await readsBack(cramp);
});

test("10.6-g with one frame for all, many accesses of different pages all come to an end", async () => {
  const cramp = await cramped({ zswap: null, reserveFrames: 0 }, 16, false); // Users get what is above min = 15: one frame.
  const { space, store } = cramp;
  store.resume();
  const into = Array.from({ length: 40 }, () => new Uint8Array(PAGE_SIZE));
  const ends = await settle(
    cramp,
    into.map((target, index) => space.read(index * 9, 0, target)),
  );
  expect(new Set(ends)).toEqual(new Set([undefined]));
  for (const [index, target] of into.entries()) expect(Buffer.compare(target, CONTENTS[index * 9]!)).toBe(0);
  await readsBack(cramp);
});
