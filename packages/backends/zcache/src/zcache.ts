// zcache: swap pages and clean pages of files, compressed side by side in one memory.
//
//   persistent-side.ts   frontswap: pages that must stay          write-back.ts   how they leave: to the device
//   ephemeral-side.ts    cleancache: pages that may go            ghosts.ts       which of those that went are wanted again
//   zpages.ts            both kinds: limits, and who makes room for whom
//   zpage-set.ts         one kind: its pool, and the order in which its zpages go (group-order.ts, object-order.ts)
//   shrinkers.ts         what memory pressure may ask
//
// What differs from Linux: a put that is not kept always drops the older page; a page that cannot be given back is an error,
// never a miss; write-back works, and leaves the zpage until its page is safe; pressure decides how much goes, through two
// shrinkers that do what they are asked; there is a limit in frames; pools can be shared.
//
// See Linux 3.10 drivers/staging/zcache/zcache-main.c and zbud.c.

import { ZPOOL, type Zpool } from "@pagetier/allocator";
import { type Counters, PRNG, type Prng, SCHEDULER, type Scheduler } from "@pagetier/base";
import { CODEC_CHOOSER, type CodecChooser, type Compressor } from "@pagetier/compressor";
import { inject, injectable } from "@pagetier/di";
import { PAGE_FRAMES, type PageFrames } from "@pagetier/frames";
import { SWAP_WRITEBACK, type SwapWriteback } from "@pagetier/frontswap";
import { SHRINKERS, type Shrinker, type Shrinkers } from "@pagetier/shrinker";
import type { TmemBackend } from "@pagetier/tmem";
import { EphemeralSide } from "./ephemeral-side.js";
import { EPHEMERAL_ORDER, type EphemeralOrderFactory } from "./eviction-order.js";
import { EPHEMERAL_ZPOOL, ZCACHE_OPTIONS, type ZcacheOptions } from "./options.js";
import { PersistentSide } from "./persistent-side.js";
import { EphemeralShrinker, PersistentShrinker } from "./shrinkers.js";
import { WriteBack } from "./write-back.js";
import { Zpages } from "./zpages.js";

@injectable()
export class Zcache implements TmemBackend {
  readonly frontswap: PersistentSide;
  readonly cleancache: EphemeralSide;
  /** What memory pressure calls: of ephemeral pages, and of persistent ones. */
  readonly shrinkers: readonly [Shrinker, Shrinker];
  readonly #zpages: Zpages;

  /** @throws TierError ZPAGES_NO_ROOM when buffers do not fit the memory */
  constructor(
    @inject(PAGE_FRAMES) frames: PageFrames,
    @inject(ZPOOL) persistentPool: Zpool,
    @inject(EPHEMERAL_ZPOOL) ephemeralPool: Zpool,
    @inject(CODEC_CHOOSER) compressor: Compressor | CodecChooser,
    @inject(SWAP_WRITEBACK) writeback: SwapWriteback,
    @inject(SHRINKERS) shrinkers: Shrinkers,
    @inject(SCHEDULER) scheduler: Scheduler,
    @inject(PRNG) prng: Prng,
    @inject(ZCACHE_OPTIONS) options: ZcacheOptions,
    @inject(EPHEMERAL_ORDER, { isOptional: true }) ephemeralOrder?: EphemeralOrderFactory,
  ) {
    this.#zpages = new Zpages(frames, persistentPool, ephemeralPool, compressor, prng, options, ephemeralOrder);
    const writeBack = new WriteBack(this.#zpages, writeback, scheduler, options.poolFull === "writeback-lru");
    const counters = (): Counters => this.#sharedCounters();
    const ephemeral = new EphemeralShrinker(this.#zpages);
    const persistent = new PersistentShrinker(this.#zpages, writeBack, options);
    this.shrinkers = [ephemeral, persistent];
    for (const shrinker of this.shrinkers) shrinkers.register(shrinker);
    this.frontswap = new PersistentSide(this.#zpages, writeBack, options, counters, () => {
      shrinkers.unregister(persistent);
    });
    this.cleancache = new EphemeralSide(this.#zpages, options, counters, () => shrinkers.unregister(ephemeral));
  }

  /** Turns every put into a flush from now on: nothing new is kept, nothing old stays. What is there can be had. */
  freeze(): void {
    this.#zpages.freeze(true);
  }

  /** Ends {@link freeze}. */
  thaw(): void {
    this.#zpages.freeze(false);
  }

  /** Of both sides together. */
  counters(): Counters {
    return { ...this.frontswap.counters(), ...this.cleancache.counters() };
  }

  /** What does not belong to one side. */
  #sharedCounters(): Counters {
    const { sameFilledPages, cleanPages, decompressFail, compactedFrames, persAteEph, frames } = this.#zpages;
    const { flushTotal, flushFound, flobjTotal, flobjFound, objects } = this.#zpages.tmem.counters();
    return {
      poolPages: frames,
      sameFilledPages,
      cleanPages,
      decompressFail,
      compactedFrames,
      persAteEph,
      objects: objects!,
      flushTotal: flushTotal!,
      flushFound: flushFound!,
      flobjTotal: flobjTotal!,
      flobjFound: flobjFound!,
    };
  }
}
