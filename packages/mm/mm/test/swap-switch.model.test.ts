// Stacks against a map of pages while swap stores come and go, also under stores whose n-th operation fails.

import { createPrng, TierError } from "@pagetier/base";
import { describe, expect, test } from "vitest";
import { Model } from "./model.js";
import { type Rig, type RigOptions, rig, turns } from "./rig.js";
import { type Operation, ScriptedStore } from "./scripted-store.js";

const compressed = { writeback: "compressed", shrinker: true, maxPoolPercent: 20 } as const;
const virtual = { swapSlots: "virtual" as const };
const STACKS: Readonly<Record<string, RigOptions>> = {
  "no backend": { zswap: null },
  zswap: { zswap: { shrinker: true, maxPoolPercent: 30 } },
  "zswap, exclusive": { zswap: { exclusiveLoads: true } },
  "write-through": { writeThrough: true, zswap: { poolFull: "drop-clean", shrinker: true } },
  "io now": { io: "now" },
  completion: { mm: { trigger: "completion" }, zswap: { poolFull: "drop-clean" } },
  "shrinkers alone": { mm: { engine: "shrinkers" } },
  "virtual slots": { mm: virtual },
  "compressed write-back": { zswap: compressed },
  "compressed write-back, virtual slots": { zswap: compressed, mm: virtual },
  "virtual slots, no backend": { mm: virtual, zswap: null },
  "virtual slots, write-through": { mm: virtual, writeThrough: true },
  "virtual slots, io now": { mm: virtual, io: "now" },
};

/** Turns stores on and off until told to stop. There are always one to four of them. */
class Switcher {
  stopped = false;
  off = 0;
  refused = 0;
  readonly #names: string[];
  readonly #rig: Rig;
  readonly #make: () => ScriptedStore;

  constructor(stack: Rig, make: () => ScriptedStore) {
    this.#rig = stack;
    this.#make = make;
    this.#names = stack.mm.stats().swaps.map(({ name }) => name);
  }

  async run(seed: number, io: "now" | "async"): Promise<void> {
    const prng = createPrng(seed);
    while (!this.stopped) {
      await turns(1 + prng.below(20));
      if (this.#names.length === 1 || (this.#names.length < 4 && prng.below(2) === 0)) {
        const priority = prng.below(3) === 0 ? undefined : prng.below(3);
        this.#names.push(await this.#rig.mm.swapOn({ store: this.#make(), priority, io }));
      } else await this.#turnOff(this.#names[prng.below(this.#names.length)]!, prng.below(4) === 0);
    }
  }

  async #turnOff(name: string, partly: boolean): Promise<void> {
    try {
      await this.#rig.mm.swapOff(name, partly ? { pages: 20 } : {});
      if (!partly) this.#names.splice(this.#names.indexOf(name), 1);
      this.off++;
    } catch (error) {
      if (!TierError.is(error, "MM_SWAP_IN_USE")) throw error;
      this.refused++;
    }
  }
}

/** Random operations, one after the other, that let others have their turns. */
async function sequential(model: Model, operations: number): Promise<void> {
  for (let done = 0; done < operations; done += 10) {
    await model.sequential(10);
    await turns(4);
  }
}

async function scenario(
  options: RigOptions,
  seed: number,
  make: () => ScriptedStore,
  drive: (model: Model) => Promise<void>,
  mayFail = (): boolean => false,
): Promise<Switcher> {
  const io = options.io ?? "async";
  const stack = await rig({ ...options, stores: [make(), make()] });
  const model = new Model(stack, { seed, pages: 360, mayFail });
  const switcher = new Switcher(stack, make);
  await model.fill();
  const switching = switcher.run(seed, io);
  await drive(model);
  switcher.stopped = true;
  await switching;
  await model.check();
  await model.close();
  return switcher;
}

describe("a stack agrees with a map of pages while swap stores come and go", () => {
  for (const [name, options] of Object.entries(STACKS)) {
    test(name, async () => {
      const make = (): ScriptedStore => {
        const store = new ScriptedStore();
        store.turnsOf = (operation) => (operation === "read" ? 1 : 2);
        return store;
      };
      const { off } = await scenario(options, 0x0ff, make, async (model) => {
        await sequential(model, 400);
        await model.concurrent(6, 120);
      });
      expect(off).toBeGreaterThan(3);
    });
  }

  test("where they are so small that some cannot go", async () => {
    let [gone, kept] = [0, 0];
    for (const mm of [{}, virtual]) {
      const sizes = createPrng(5);
      const make = (): ScriptedStore => new ScriptedStore({ pages: 15 + sizes.below(40) });
      let isTight = true;
      const { off, refused } = await scenario(
        { mm, zswap: null },
        6,
        make,
        async (model) => {
          await sequential(model, 500);
          await model.concurrent(4, 120);
          isTight = false;
        },
        () => isTight,
      );
      gone += off;
      kept += refused;
    }
    expect([gone > 0, kept > 0], `${gone} gone, ${kept} kept`).toEqual([true, true]);
  });
});

describe("under stores that fail the n-th operation", () => {
  for (const name of [
    "no backend",
    "zswap",
    "write-through",
    "virtual slots",
    "virtual slots, no backend",
    "compressed write-back, virtual slots",
  ]) {
    test(`${name}: nothing is lost or stale when they come and go`, async () => {
      for (const fault of ["status", "reject"] as const) {
        let last = 0;
        for (let n = 1, faults = 1; faults > 0 && n < 1500; n += 1 + (n >> 1)) {
          faults = 0;
          let count = 0;
          let isBroken = true;
          const faultOf = (_count: number, operation: Operation) => {
            if (operation === "discard") return undefined;
            count++;
            if (!isBroken || count < n || count >= n + 3) return undefined;
            faults++;
            return fault;
          };
          const make = (): ScriptedStore => Object.assign(new ScriptedStore(), { faultOf });
          await scenario(
            STACKS[name]!,
            n,
            make,
            async (model) => {
              await sequential(model, 60);
              await model.concurrent(1, 80);
              isBroken = false;
            },
            () => isBroken,
          );
          last = n;
        }
        expect(last).toBeGreaterThan(15);
      }
    });
  }
});
