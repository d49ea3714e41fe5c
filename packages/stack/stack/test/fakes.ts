// Parts that write down what happens to them, given to stacks as plugins by value.

import { type AllocatorPlugin, ZPOOL, type Zpool } from "@pagetier/allocator";
import { KmallocPool } from "@pagetier/allocator-kmalloc";
import { PAGE_SIZE, TierError } from "@pagetier/base";
import { COMPRESSOR, type Compressor } from "@pagetier/compressor";
import { inject, injectable } from "@pagetier/di";
import type { PageFrames } from "@pagetier/frames";
import {
  type Frontswap,
  type FrontswapCopy,
  type FrontswapLoad,
  type FrontswapPlugin,
  type StoreOutcome,
  SWAP_WRITEBACK,
  type SwapWriteback,
} from "@pagetier/frontswap";
import type { StorePlugin } from "@pagetier/store";
import { MemoryStore } from "@pagetier/store-memory";
import { z } from "zod";

const MAP_OPTIONS: unique symbol = Symbol.for("@pagetier/stack/test/MapOptions") as never;

export interface MapOptions {
  readonly pagesMax: number;
  readonly log: string[];
  readonly made: MapBackend[];
}

/** A backend that keeps every page whole, in a map, and shows what it was given. */
@injectable()
export class MapBackend implements Frontswap {
  readonly type = "map";
  readonly #pages = new Map<string, Uint8Array>();

  constructor(
    @inject(ZPOOL) readonly pool: Zpool,
    @inject(COMPRESSOR) readonly compressor: Compressor,
    @inject(SWAP_WRITEBACK) readonly writeback: SwapWriteback,
    @inject(MAP_OPTIONS) readonly options: MapOptions,
  ) {
    options.made.push(this);
  }

  init(): void {}

  store(type: number, offset: number, page: Uint8Array, _copy: FrontswapCopy): StoreOutcome {
    this.invalidatePage(type, offset);
    if (this.#pages.size >= this.options.pagesMax) return "refused";
    this.#pages.set(`${type}:${offset}`, page.slice());
    return "stored";
  }

  load(type: number, offset: number, into: Uint8Array): FrontswapLoad {
    const page = this.#pages.get(`${type}:${offset}`);
    if (page === undefined) return "miss";
    into.set(page);
    return "hit";
  }

  async fetch(type: number, offset: number, into: Uint8Array): Promise<Exclude<FrontswapLoad, "remote">> {
    return this.load(type, offset, into) === "hit" ? "hit" : "miss";
  }

  markClean(): void {}

  invalidatePage(type: number, offset: number): void {
    this.#pages.delete(`${type}:${offset}`);
  }

  invalidateArea(type: number): void {
    for (const key of [...this.#pages.keys()]) if (key.startsWith(`${type}:`)) this.#pages.delete(key);
  }

  currPages(): number {
    return this.#pages.size;
  }

  storedBytes(type: number, offset: number): number {
    return this.#pages.has(`${type}:${offset}`) ? PAGE_SIZE : -1;
  }

  poolFrames(): number {
    return 0;
  }

  metadataBytes(): number {
    return 0;
  }

  contentBytes(): number {
    return this.#pages.size * PAGE_SIZE;
  }

  addressingBytes(): number {
    return 0;
  }

  counters() {
    return { storedPages: this.#pages.size };
  }

  verify(): void {}

  async close(): Promise<void> {
    this.options.log.push("backend closed");
  }
}

/** The backend as a plugin. @param made receives every backend that is made */
export const mapPlugin = (log: string[], made: MapBackend[] = []): FrontswapPlugin<MapOptions> => ({
  family: "frontswap",
  contract: 1,
  name: "map",
  summary: "Keeps pages in a map.",
  options: z
    .strictObject({ pagesMax: z.int().min(0).default(100) })
    .transform(({ pagesMax }) => ({ pagesMax, log, made })),
  positions: {
    allocator: { family: "allocator", default: "zsmalloc" },
    compressor: { family: "compressor", default: "null" },
  },
  implementation: MapBackend as new (...parameters: never[]) => Frontswap,
  optionsToken: MAP_OPTIONS,
});

class LoggedPool extends KmallocPool {
  readonly #log: string[];

  constructor(frames: PageFrames, log: string[]) {
    super(frames);
    this.#log = log;
  }

  override destroy(): void {
    super.destroy();
    this.#log.push("pool destroyed");
  }
}

/** kmalloc that writes down its end. */
export const loggedAllocator = (log: string[]): AllocatorPlugin<object> => ({
  family: "allocator",
  contract: 1,
  name: "logged",
  summary: "kmalloc with a log.",
  options: z.strictObject({}),
  create: ({ frames }) => new LoggedPool(frames, log),
});

class LoggedStore extends MemoryStore {
  readonly #log: string[];
  readonly #opens: boolean;

  constructor(log: string[], opens: boolean) {
    super({ size: "auto" });
    this.#log = log;
    this.#opens = opens;
  }

  override async open(): Promise<void> {
    if (!this.#opens) throw new TierError("STORE_OPEN", "store logged cannot be opened; it was told so.");
    await super.open();
    this.#log.push("store opened");
  }

  override async close(): Promise<void> {
    await super.close();
    this.#log.push("store closed");
  }
}

/** The memory store that writes down its life. */
export const loggedStore = (log: string[]): StorePlugin<{ opens: boolean }> => ({
  family: "store",
  contract: 1,
  name: "logged",
  summary: "The memory store with a log.",
  options: z.strictObject({ opens: z.boolean().default(true) }),
  create: (_parts, { opens }) => new LoggedStore(log, opens),
});
