// Pages come home when memory is ample again (Linux' self-shrink, which pulled them in by a partial swapoff).
//
// Every `repatriateMs` there is a look. If other machines got more pages since the last one, or the pool or free memory is not ample,
// three further looks must pass; after that each brings 5 % of the pages home, all of them when there are 20 or fewer, and as long as
// there is room below the mark at which pages stop leaving.

import type { Scheduler } from "@pagetier/base";
import type { PageFrames } from "@pagetier/frames";
import { kindOf, REMOTE } from "@pagetier/tmem";
import { LOST, type LocalPages } from "./local-pages.js";
import type { RamsterOptions } from "./options.js";
import { pause } from "./pause.js";
import type { RemotePages } from "./remote-pages.js";

const INERTIA = 3;
const HYSTERESIS = 20;
/** Free memory is ample above so many times the watermark at which the background reclaimer rests. */
const AMPLE_WATERMARKS = 2;

export class Homecoming {
  readonly #local: LocalPages;
  readonly #remote: RemotePages;
  readonly #frames: PageFrames;
  readonly #scheduler: Scheduler;
  readonly #options: RamsterOptions;
  #worker: Promise<void> | undefined;
  #closed = false;
  /** Where the search for pages to bring home goes on. */
  #cursor = 1;
  #repatriated = 0;
  #looks = 0;

  constructor(
    local: LocalPages,
    remote: RemotePages,
    frames: PageFrames,
    scheduler: Scheduler,
    options: RamsterOptions,
  ) {
    this.#local = local;
    this.#remote = remote;
    this.#frames = frames;
    this.#scheduler = scheduler;
    this.#options = options;
  }

  /** Begins to look, if there is something to look after. */
  wake(): void {
    if (!this.#options.repatriate || this.#closed || this.#remote.pages("persistent") === 0) return;
    this.#worker ??= this.#run().finally(() => {
      this.#worker = undefined;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker;
  }

  counters(): Record<string, number> {
    return { repatriatedPages: this.#repatriated, repatriationLooks: this.#looks };
  }

  async #run(): Promise<void> {
    let inertia = INERTIA;
    let before = this.#remote.pages("persistent");
    while (before > 0) {
      await pause(this.#scheduler, this.#options.repatriateMs * 1e6, () => this.#closed);
      if (this.#closed) return;
      this.#looks++;
      const now = this.#remote.pages("persistent");
      if (now > before || !this.#isAmple()) inertia = INERTIA;
      else if (inertia > 0) inertia--;
      else await this.#bring(now <= HYSTERESIS ? now : Math.floor(now / HYSTERESIS));
      before = this.#remote.pages("persistent");
    }
  }

  /** Brings up to so many pages home, one after the other: nobody waits for them. */
  async #bring(pages: number): Promise<void> {
    const { tmem } = this.#local;
    for (let looked = 0; pages > 0 && looked < tmem.end && this.#isAmple() && !this.#closed; looked++) {
      const page = this.#cursor;
      this.#cursor = page + 1 < tmem.end ? page + 1 : 1;
      if (!this.#isAway(page)) continue;
      pages--;
      if (!(await this.#bringOne(page))) return;
    }
  }

  async #bringOne(page: number): Promise<boolean> {
    const { tmem } = this.#local;
    const generation = tmem.generationOf(page);
    const key = this.#remote.keyOf(page);
    let bytes: Uint8Array | undefined;
    try {
      bytes = await this.#remote.fetchHome(page);
    } catch {
      return false; // Lost, which is noted, or away: a fault will say so.
    }
    if (bytes === undefined || !tmem.isCurrent(page, generation)) return true; // Flushed, put again, or wanted, meanwhile.
    if (!this.#local.moveIn(page, generation, bytes)) return false;
    this.#remote.cameHome(key, "persistent");
    this.#repatriated++;
    return true;
  }

  #isAway(page: number): boolean {
    const { tmem } = this.#local;
    if (!tmem.isLive(page) || kindOf(tmem.metaOf(page)) !== REMOTE) return false;
    return this.#local.kindOf(page) === "persistent" && !this.#local.has(page, LOST);
  }

  #isAmple(): boolean {
    const { free, watermarks } = this.#frames;
    const stop = (this.#local.maxFrames * this.#options.remotifyStopPercent) / 100;
    return free > AMPLE_WATERMARKS * watermarks.high && this.#local.poolFrames < stop;
  }
}
