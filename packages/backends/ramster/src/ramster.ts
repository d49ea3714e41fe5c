// RAMster: a compressed pool for both hooks, whose coldest pages go to other machines' memory.
//
//   swap-side.ts ─┐                        ┌─ remotifier.ts   who leaves, and where to
//   file-side.ts ─┴─▶ local-pages.ts ──────┼─ remote-pages.ts  on their way out and back, and away
//                     tmem, zpages, lists  ├─ homecoming.ts    back when memory is ample
//                                          └─ sweeper.ts       what other machines may forget
//
// A page is in one place that counts: here until its remote copies are acknowledged, there until it has come home, is taken, flushed or
// lost. What differs from Linux 3.10: any number of holders, copies, sums that are looked at, losses that are told, orders that hold
// (see docs/ramster.md).
//
// See Linux 3.10 drivers/staging/zcache/ramster/ramster.c and zcache-main.c.

import { ZPOOL, type Zpool } from "@pagetier/allocator";
import { assert, type Counters, PAGE_SIZE, SCHEDULER, type Scheduler } from "@pagetier/base";
import type { Cleancache } from "@pagetier/cleancache";
import { CODEC_CHOOSER, type CodecChooser, type Compressor } from "@pagetier/compressor";
import { inject, injectable } from "@pagetier/di";
import { PAGE_FRAMES, type PageFrames } from "@pagetier/frames";
import { type Frontswap, SWAP_WRITEBACK, type SwapWriteback } from "@pagetier/frontswap";
import {
  DEFAULT_SEEKS,
  SHRINK_STOP,
  SHRINKERS,
  type ShrinkControl,
  type Shrinker,
  type Shrinkers,
} from "@pagetier/shrinker";
import { REMOTE_MEMORY, type RemoteMemory, type TmemBackend } from "@pagetier/tmem";
import { FileSide } from "./file-side.js";
import { Homecoming } from "./homecoming.js";
import { LocalPages } from "./local-pages.js";
import { RAMSTER_OPTIONS, type RamsterOptions } from "./options.js";
import { RemotePages } from "./remote-pages.js";
import { Remotifier } from "./remotifier.js";
import { SwapSide } from "./swap-side.js";
import { Sweeper } from "./sweeper.js";

/** Below this priority MM is about to run out of memory, and the pool gives way even if the shrinker is off. */
const EMERGENCY_PRIORITY = 2;

@injectable()
export class Ramster implements TmemBackend, Shrinker {
  readonly name = "ramster";
  readonly seeks = DEFAULT_SEEKS;
  readonly frontswap: Frontswap;
  readonly cleancache: Cleancache;
  readonly #pool: Zpool;
  readonly #shrinkers: Shrinkers;
  readonly #options: RamsterOptions;
  readonly #local: LocalPages;
  readonly #remote: RemotePages;
  readonly #remotifier: Remotifier;
  readonly #homecoming: Homecoming;
  readonly #sweeper: Sweeper;
  /** Bytes charged for pages on their way out. */
  readonly #bufferBytes: number;

  constructor(
    @inject(PAGE_FRAMES) frames: PageFrames,
    @inject(ZPOOL) pool: Zpool,
    @inject(CODEC_CHOOSER) compressor: Compressor | CodecChooser,
    @inject(REMOTE_MEMORY) remote: RemoteMemory,
    @inject(SWAP_WRITEBACK) writeback: SwapWriteback,
    @inject(SHRINKERS) shrinkers: Shrinkers,
    @inject(SCHEDULER) scheduler: Scheduler,
    @inject(RAMSTER_OPTIONS) options: RamsterOptions,
  ) {
    this.#pool = pool;
    this.#shrinkers = shrinkers;
    this.#local = new LocalPages(frames, pool, compressor, options);
    // A page on its way is a copy of its stored bytes; fewer may be on their way where memory is small.
    const affordable = Math.max(1, Math.floor(frames.budgetBytes / (64 * PAGE_SIZE)));
    this.#options = { ...options, inFlightPagesMax: Math.min(options.inFlightPagesMax, affordable) };
    this.#bufferBytes = this.#options.inFlightPagesMax * PAGE_SIZE;
    const charged = frames.charge(this.#bufferBytes);
    assert(charged, "a fresh memory has room for the buffers of pages on their way");
    this.#remote = new RemotePages(remote, this.#local, scheduler, this.#options);
    this.#remotifier = new Remotifier(this.#local, this.#remote, writeback, scheduler, this.#options);
    this.#homecoming = new Homecoming(this.#local, this.#remote, frames, scheduler, this.#options);
    this.#sweeper = new Sweeper(remote, scheduler);
    this.#remote.connect(() => this.#sweeper.wake());
    const host = this.#host();
    this.frontswap = new SwapSide(this.#local, this.#remote, host, this.#options);
    this.cleancache = new FileSide(this.#local, this.#remote, host, this.#options);
    this.#shrinkers.register(this);
  }

  countObjects(control: ShrinkControl): number {
    if (!this.#options.shrinker && control.priority >= EMERGENCY_PRIORITY) return 0;
    const persistent = this.#remotifier.canLeave(control.mayIo) ? this.#local.persistent.size : this.#local.cleanPages;
    return this.#local.ephemeral.size + persistent;
  }

  scanObjects(control: ShrinkControl): number {
    const frames = this.#pool.totalFrames();
    const { dropped, submitted } = this.#remotifier.shrink(control.nrToScan, control.mayIo);
    control.submitted += submitted;
    control.nrScanned = dropped + submitted;
    control.framesFreed += Math.max(0, frames - this.#pool.totalFrames());
    if (submitted > 0) this.#homecoming.wake();
    return dropped + submitted === 0 ? SHRINK_STOP : dropped;
  }

  /** What both sides ask of the whole. */
  #host() {
    return {
      afterPut: () => {
        this.#remotifier.afterPut();
        this.#homecoming.wake();
      },
      shrink: (pages: number) => this.#remotifier.ask(pages),
      poolFrames: () => this.#pool.totalFrames(),
      contentBytes: () => this.#local.zpages.compressedBytes + this.#local.zpages.rawBytes,
      metadataBytes: () => this.#local.metadataBytes + this.#remote.memory.memoryBytes() + this.#bufferBytes,
      counters: () => this.#counters(),
      verify: () => this.#verify(),
      closeSwap: async () => {
        await this.#homecoming.close();
        await this.#remotifier.close("persistent");
        await this.#end();
      },
      closeFiles: async () => {
        await this.#remotifier.close("ephemeral");
      },
    };
  }

  async #end(): Promise<void> {
    await this.#sweeper.close();
    this.#shrinkers.unregister(this);
  }

  #counters(): Counters {
    const { zpages, tmem, refusals } = this.#local;
    return {
      storedPages: tmem.pages,
      persistentPages: this.#local.persistent.size,
      ephemeralPages: this.#local.ephemeral.size,
      sameFilledPages: zpages.sameFilledPages,
      incompressiblePages: zpages.incompressiblePages,
      cleanPages: this.#local.cleanPages,
      compressedBytes: zpages.compressedBytes,
      rawBytes: zpages.rawBytes,
      poolPages: this.#pool.totalFrames(),
      evictedEphemeralPages: this.#local.evictedEphemeral,
      rejectLimit: refusals.limit,
      rejectAllocFail: refusals.alloc,
      rejectKmemcacheFail: refusals.tables,
      rejectCompressPoor: refusals.poor,
      decompressFail: this.#local.decompressFail,
      ...this.#remote.counters(),
      ...this.#remotifier.counters(),
      ...this.#homecoming.counters(),
    };
  }

  #verify(): void {
    const { remote } = this.#local.verify();
    for (const kind of ["persistent", "ephemeral"] as const) {
      assert(remote[kind] === this.#remote.pages(kind), "pages that are away are counted");
    }
    this.#remote.memory.verify();
  }
}
