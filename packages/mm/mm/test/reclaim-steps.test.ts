// Reclaim lets others run: on a clock that only compression and decompression move, nobody keeps the event loop for longer than
// a step and the page that was begun.

import { PAGE_SIZE, realScheduler, type Scheduler } from "@pagetier/base";
import type { Compressor } from "@pagetier/compressor";
import { Lz4jsCompressor } from "@pagetier/compressor-lz4js";
import { describe, expect, test } from "vitest";
import type { MmOptions } from "../src/index.js";
import { memoryStore, pageOf, type Rig, rig, turns } from "./rig.js";

const MS = 1e6;
const STEP = 2 * MS;
/** A slow codec: a cluster of pages takes far longer than a step. */
const PAGE_COST = 0.5 * MS;
const PAGES = 600;

class SlowMachine {
  #now = 0;
  /** The longest time between two turns of the event loop since it was last asked for. */
  #longest = 0;
  #turned = 0;
  #watching = true;
  readonly scheduler: Scheduler = { ...realScheduler, clock: { now: () => this.#now } };

  constructor() {
    const watch = (): void => {
      this.#longest = Math.max(this.#longest, this.#now - this.#turned);
      this.#turned = this.#now;
      if (this.#watching) setImmediate(watch);
    };
    setImmediate(watch);
  }

  compressor(): Compressor {
    const codec = new Lz4jsCompressor();
    const cost = (): void => {
      this.#now += PAGE_COST;
    };
    return {
      type: codec.type,
      input: codec.input,
      output: codec.output,
      compress: (length) => {
        cost();
        return codec.compress(length);
      },
      decompress: (start, length) => {
        cost();
        return codec.decompress(start, length);
      },
      memoryBytes: () => codec.memoryBytes(),
    };
  }

  async longest(): Promise<number> {
    await turns(2);
    const longest = this.#longest;
    this.#longest = 0;
    return longest;
  }

  stop(): void {
    this.#watching = false;
  }
}

async function slowRig(machine: SlowMachine, mm: Partial<MmOptions>): Promise<Rig> {
  return rig({
    scheduler: machine.scheduler,
    compressor: () => machine.compressor(),
    stores: [memoryStore()],
    zswap: { shrinker: true, maxPoolPercent: 50 },
    mm: { kswapdStepNs: STEP, ...mm },
  });
}

describe.each<[string, Partial<MmOptions>]>([
  ["the classic engine", {}],
  ["shrinkers alone", { engine: "shrinkers", trigger: "shrinker" }],
  ["pools sized by MM", { sizesPools: true }],
])("%s", (_name, options) => {
  test("memory that is given back on request leaves in steps", async () => {
    const machine = new SlowMachine();
    const { mm } = await slowRig(machine, options);
    const space = mm.space({ name: "data", size: PAGES * PAGE_SIZE });
    for (let page = 0; page < 150; page++) await space.write(page, 0, pageOf(page));
    await machine.longest();
    await mm.shrink(Number.POSITIVE_INFINITY);
    const atOnce = options.sizesPools === true ? 32 : 1; // A pool that MM sizes is asked for a cluster between two looks at the clock.
    expect(await machine.longest()).toBeLessThanOrEqual(STEP + (atOnce + 2) * PAGE_COST);
    expect(mm.counters().residentPages).toBe(0);
    machine.stop();
    mm.verify();
    await mm.close();
  });

  test("accesses that wait for memory, the background reclaimer and the pool together take a few steps at most", async () => {
    const machine = new SlowMachine();
    const { mm } = await slowRig(machine, options);
    const space = mm.space({ name: "data", size: PAGES * PAGE_SIZE });
    const waiting: Promise<void>[] = [];
    for (let page = 0; page < PAGES; page++) {
      waiting.push(space.write(page, 0, pageOf(page)));
      await turns(1);
    }
    await Promise.all(waiting);
    // A reclaim inside an access, a step for those that wait, one of the background reclaimer, one of the pool's write-back.
    const steps = options.sizesPools === true ? 8 : 4;
    expect(await machine.longest()).toBeLessThanOrEqual(steps * (STEP + 2 * PAGE_COST));
    const into = new Uint8Array(PAGE_SIZE);
    for (let page = 0; page < PAGES; page++) {
      await space.read(page, 0, into);
      expect(into).toEqual(pageOf(page));
      await turns(1);
    }
    expect(await machine.longest()).toBeLessThanOrEqual(steps * (STEP + 2 * PAGE_COST));
    machine.stop();
    mm.verify();
    await mm.close();
  });
});
