import { type Counters, TierError } from "@pagetier/base";
import {
  type Frontswap,
  type FrontswapCopy,
  type FrontswapLoad,
  frontswapLost,
  type StoreOutcome,
} from "@pagetier/frontswap";
import { kindOf, lengthOf, NO_PAGE, REMOTE, SWAP_OBJECTS, swapIndex, swapOid } from "@pagetier/tmem";
import { CLEAN, LOST, type LocalPages } from "./local-pages.js";
import type { RamsterOptions } from "./options.js";
import type { RemotePages } from "./remote-pages.js";

/** What the swap side needs of the whole. */
export interface SwapHost {
  /** A put was taken or refused: pages may have to leave. */
  afterPut(): void;
  shrink(pages: number): number;
  metadataBytes(): number;
  poolFrames(): number;
  contentBytes(): number;
  counters(): Counters;
  verify(): void;
  closeSwap(): Promise<void>;
}

/** RAMster behind frontswap: pages that must be kept. */
export class SwapSide implements Frontswap {
  readonly type = "ramster";
  readonly #local: LocalPages;
  readonly #remote: RemotePages;
  readonly #host: SwapHost;
  readonly #options: RamsterOptions;
  #closed = false;
  #closing: Promise<void> | undefined;
  #stores = 0;
  #loads = 0;
  #exclusiveLoads = 0;

  constructor(local: LocalPages, remote: RemotePages, host: SwapHost, options: RamsterOptions) {
    this.#local = local;
    this.#remote = remote;
    this.#host = host;
    this.#options = options;
  }

  init(_type: number): void {
    // Objects are made with their first page.
  }

  store(type: number, offset: number, page: Uint8Array, copy: FrontswapCopy): StoreOutcome {
    this.#stores++;
    const oid = swapOid(type, offset);
    const index = swapIndex(offset);
    if (this.#closed) {
      this.#local.drop(this.#local.swapPool, oid, index);
      return "refused";
    }
    const flags = copy === "clean" ? CLEAN : 0;
    const taken = this.#local.put("persistent", this.#local.swapPool, oid, index, page, flags);
    this.#host.afterPut();
    return taken ? "stored" : "refused";
  }

  load(type: number, offset: number, into: Uint8Array): FrontswapLoad {
    const page = this.#find(type, offset);
    if (page === NO_PAGE) return "miss";
    if (kindOf(this.#local.tmem.metaOf(page)) === REMOTE) {
      if (this.#local.has(page, LOST)) throw this.#lost(type, offset);
      return "remote";
    }
    this.#loads++;
    try {
      this.#local.fill(page, into);
    } catch (error) {
      throw frontswapLost(this.type, type, offset, error);
    }
    return this.#loaded(page);
  }

  async fetch(type: number, offset: number, into: Uint8Array): Promise<Exclude<FrontswapLoad, "remote">> {
    const { tmem, zpages } = this.#local;
    const page = this.#find(type, offset);
    if (page === NO_PAGE) return "miss";
    const meta = tmem.metaOf(page);
    if (kindOf(meta) !== REMOTE) return this.load(type, offset, into) as Exclude<FrontswapLoad, "remote">;
    if (this.#local.has(page, LOST)) throw this.#lost(type, offset);
    const generation = tmem.generationOf(page);
    let bytes: Uint8Array | undefined;
    try {
      bytes = await this.#remote.fetch(page, true);
    } catch (error) {
      throw TierError.is(error, "REMOTE_LOST")
        ? this.#lost(type, offset, error)
        : frontswapLost(this.type, type, offset, error);
    }
    if (bytes === undefined || !tmem.isCurrent(page, generation)) return "miss"; // Invalidated, or stored again, meanwhile.
    this.#loads++;
    try {
      zpages.decode(bytes, meta, into);
    } catch (error) {
      throw frontswapLost(this.type, type, offset, error);
    }
    return this.#loaded(page);
  }

  markClean(type: number, offset: number): void {
    const page = this.#find(type, offset);
    if (page === NO_PAGE || this.#local.has(page, CLEAN)) return;
    if (kindOf(this.#local.tmem.metaOf(page)) === REMOTE)
      this.#local.tmem.remove(page); // The device is nearer.
    else this.#local.setFlag(page, CLEAN);
  }

  invalidatePage(type: number, offset: number): void {
    this.#local.drop(this.#local.swapPool, swapOid(type, offset), swapIndex(offset));
  }

  invalidateArea(type: number): void {
    for (let object = 0; object < SWAP_OBJECTS; object++) {
      this.#local.tmem.flushObject(this.#local.swapPool, type * SWAP_OBJECTS + object);
    }
  }

  shrink(pages: number): number {
    return this.#host.shrink(pages);
  }

  currPages(): number {
    return this.#local.tmem.pagesIn(this.#local.swapPool);
  }

  storedBytes(type: number, offset: number): number {
    const page = this.#find(type, offset);
    if (page === NO_PAGE) return -1;
    const meta = this.#local.tmem.metaOf(page);
    return kindOf(meta) === REMOTE ? -1 : lengthOf(meta);
  }

  poolFrames(): number {
    return this.#host.poolFrames();
  }

  contentBytes(): number {
    return this.#host.contentBytes();
  }

  metadataBytes(): number {
    return this.#host.metadataBytes();
  }

  addressingBytes(): number {
    return 0;
  }

  counters(): Counters {
    return { stores: this.#stores, loads: this.#loads, exclusiveLoads: this.#exclusiveLoads, ...this.#host.counters() };
  }

  verify(): void {
    this.#host.verify();
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#closing ??= this.#host.closeSwap();
    return this.#closing;
  }

  #find(type: number, offset: number): number {
    return this.#local.tmem.find(this.#local.swapPool, swapOid(type, offset), swapIndex(offset));
  }

  #loaded(page: number): "hit" | "hitExclusive" {
    if (!this.#options.exclusiveLoads) return "hit";
    this.#exclusiveLoads++;
    this.#local.tmem.take(page);
    return "hitExclusive";
  }

  /** The device holds older bytes than the page that other machines had: nobody may read them. */
  #lost(type: number, offset: number, cause?: unknown): TierError {
    const reason = cause instanceof Error ? cause.message : "other machines had it, and have it no more";
    const pages = this.#remote.lostPages;
    const told = new Error(`${reason} (${pages} ${pages === 1 ? "page" : "pages"} lost so far)`, { cause });
    return frontswapLost(this.type, type, offset, told);
  }
}
