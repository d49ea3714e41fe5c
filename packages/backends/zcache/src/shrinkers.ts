// What memory pressure may ask of zcache: two caches, since giving up either kind costs something else.
//
// Both count and scan zpages, look at what they were asked to and at no more than the rest of a group beyond, and say what is
// free now. The one of ephemeral zpages never does I/O; the one of persistent zpages offers only clean ones without it.

import { DEFAULT_SEEKS, SHRINK_STOP, type ShrinkControl, type Shrinker } from "@pagetier/shrinker";
import type { WriteBack } from "./write-back.js";
import type { ZpageSet } from "./zpage-set.js";
import type { Zpages } from "./zpages.js";

/** Below this priority MM is about to run out of memory, and persistent pages give way even if their shrinker is off. */
const EMERGENCY_PRIORITY = 2;

/**
 * Zpages looked at in one call. A cache smaller than a batch is taken as a whole or not at all, so batches are a cluster of
 * reclaim and not the 128 objects that are usual.
 */
const BATCH = 32;

/** Throws ephemeral zpages away, in their order. */
export class EphemeralShrinker implements Shrinker {
  readonly name = "zcache-ephemeral";
  readonly seeks = DEFAULT_SEEKS;
  readonly batch = BATCH;
  readonly #zpages: Zpages;

  constructor(zpages: Zpages) {
    this.#zpages = zpages;
  }

  countObjects(_control: ShrinkControl): number {
    return offered(this.#zpages.ephemeral.zpages, this.#zpages.ephemeral);
  }

  scanObjects(control: ShrinkControl): number {
    const zpages = this.#zpages;
    const frames = zpages.ephemeral.frames;
    let dropped = 0;
    while (dropped < control.nrToScan) {
      const count = zpages.dropVictims();
      if (count === 0) break;
      dropped += count;
    }
    if (dropped > 0) zpages.compactEphemeral();
    control.nrScanned = dropped;
    control.framesFreed += frames - zpages.ephemeral.frames;
    return dropped === 0 ? SHRINK_STOP : dropped;
  }
}

/** Sends persistent zpages on to the device, in their order. */
export class PersistentShrinker implements Shrinker {
  readonly name = "zcache-persistent";
  readonly seeks = DEFAULT_SEEKS;
  readonly batch = BATCH;
  readonly #zpages: Zpages;
  readonly #writeBack: WriteBack;
  readonly #isOn: boolean;
  readonly #poolFull: "writeback-lru" | "drop-clean" | "refuse";

  constructor(
    zpages: Zpages,
    writeBack: WriteBack,
    options: { readonly shrinker: boolean; readonly poolFull: "writeback-lru" | "drop-clean" | "refuse" },
  ) {
    this.#zpages = zpages;
    this.#writeBack = writeBack;
    this.#isOn = options.shrinker;
    this.#poolFull = options.poolFull;
  }

  countObjects(control: ShrinkControl): number {
    const wanted = this.#isOn || control.priority < EMERGENCY_PRIORITY;
    if (!wanted || this.#poolFull === "refuse") return 0;
    const { persistent, cleanPages } = this.#zpages;
    const mayWrite = control.mayIo && this.#poolFull === "writeback-lru";
    return offered(mayWrite ? persistent.zpages : Math.min(cleanPages, persistent.zpages), persistent);
  }

  scanObjects(control: ShrinkControl): number {
    const { persistent } = this.#zpages;
    const frames = persistent.frames;
    const { looked, dropped, submitted } = this.#writeBack.send(control.nrToScan, control.mayIo, true);
    control.nrScanned = looked;
    control.framesFreed += frames - persistent.frames;
    control.submitted += submitted;
    return dropped === 0 && submitted === 0 ? SHRINK_STOP : dropped;
  }
}

/** The better pages compress, the less giving one of them up gains: offers as many as give frames, but one at least. */
function offered(freeable: number, { zpages, frames }: ZpageSet): number {
  if (freeable === 0) return 0;
  return Math.max(1, Math.min(freeable, Math.floor((freeable * frames) / zpages)));
}
