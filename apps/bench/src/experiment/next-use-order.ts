// zcache as a clairvoyant would have it: of the clean pages of a file, the zpage goes that is wanted last. A control, not a system.

import { type Handle, ZPOOL, type Zpool } from "@pagetier/allocator";
import {
  EPHEMERAL_ZPOOL,
  type EvictionOrder,
  plugin,
  ZCACHE_OPTIONS,
  Zcache,
  type ZcacheOptions,
} from "@pagetier/backend-zcache";
import { assert, PRNG, type Prng, SCHEDULER, type Scheduler } from "@pagetier/base";
import { CODEC_CHOOSER, type CodecChooser, type Compressor } from "@pagetier/compressor";
import { inject, injectable } from "@pagetier/di";
import { PAGE_FRAMES, type PageFrames } from "@pagetier/frames";
import { SWAP_WRITEBACK, type SwapWriteback } from "@pagetier/frontswap";
import { SHRINKERS, type Shrinkers } from "@pagetier/shrinker";
import type { TmemBackend, TmemBackendPlugin } from "@pagetier/tmem";
import type { Future } from "./future.js";

/** Takes nothing from the budget, as controls do. */
export class NextUseOrder implements EvictionOrder {
  readonly chosenFrames = 0;
  readonly #future: Pick<Future, "nextUse">;
  readonly #indexOf: (page: number) => number;
  readonly #pages = new Set<number>();
  #chosen = 0;

  /** @param indexOf where in its file a page lies, which is how the future calls it */
  constructor(future: Pick<Future, "nextUse">, indexOf: (page: number) => number) {
    this.#future = future;
    this.#indexOf = indexOf;
  }

  ensure(_pages: number, _handle: Handle): boolean {
    return true;
  }

  add(page: number, _handle: Handle): void {
    this.#pages.add(page);
  }

  touch(_page: number, _handle: Handle): void {}

  leaving(page: number, _handle: Handle): void {
    this.#pages.delete(page);
  }

  left(): void {}

  hold(_handle: Handle): void {}

  release(): void {}

  choose(pages: Uint32Array): number {
    let latest = -1;
    for (const page of this.#pages) {
      const next = this.#future.nextUse(this.#indexOf(page));
      if (next <= latest) continue;
      latest = next;
      this.#chosen = page;
    }
    if (latest < 0) return 0;
    pages[0] = this.#chosen;
    return 1;
  }

  spare(): void {
    assert(false, "clean pages of files are never spared");
  }

  memoryBytes(): number {
    return 0;
  }

  verify(zpages: number): void {
    assert(this.#pages.size === zpages, "every zpage has a place in the order");
  }
}

/** The backend `zcache-next-use`. With `order: object-lru` it moves zpages together as that does. */
export function nextUseZcachePlugin(future: Future): TmemBackendPlugin<ZcacheOptions> {
  @injectable()
  class NextUseZcache extends Zcache {
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
    ) {
      const order = (indexOf: (page: number) => number): EvictionOrder => new NextUseOrder(future, indexOf);
      super(frames, persistentPool, ephemeralPool, compressor, writeback, shrinkers, scheduler, prng, options, order);
    }
  }
  return {
    ...plugin,
    name: "zcache-next-use",
    summary: "zcache that throws away the clean page that is wanted last: a bound, not a system.",
    implementation: NextUseZcache as new (...parameters: never[]) => TmemBackend,
  };
}
