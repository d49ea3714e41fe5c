import { assert, type Counters, TierError } from "@pagetier/base";
import { type Cleancache, type CleancacheGet, NO_POOL } from "@pagetier/cleancache";
import { kindOf, NO_PAGE, NO_TMEM_POOL, REMOTE } from "@pagetier/tmem";
import type { LocalPages } from "./local-pages.js";
import type { RamsterOptions } from "./options.js";
import type { RemotePages } from "./remote-pages.js";

/** What the file side needs of the whole. */
export interface FileHost {
  afterPut(): void;
  counters(): Counters;
  verify(): void;
  closeFiles(): Promise<void>;
}

/** RAMster behind cleancache: pages that may be dropped. Pool ids are tmem's. */
export class FileSide implements Cleancache {
  readonly type = "ramster";
  readonly #local: LocalPages;
  readonly #remote: RemotePages;
  readonly #host: FileHost;
  readonly #options: RamsterOptions;
  #closed = false;
  #puts = 0;
  #nonactiveIgnored = 0;
  #hits = 0;
  #misses = 0;

  constructor(local: LocalPages, remote: RemotePages, host: FileHost, options: RamsterOptions) {
    this.#local = local;
    this.#remote = remote;
    this.#host = host;
    this.#options = options;
  }

  initFs(): number {
    return poolOr(this.#local.tmem.newPool("ephemeral"));
  }

  initSharedFs(uuid: string): number {
    return poolOr(this.#local.tmem.newPool("ephemeral", uuid));
  }

  putPage(pool: number, file: number, index: number, page: Uint8Array, wasActive: boolean): void {
    this.#puts++;
    const isIgnored = this.#options.activePagesOnly && !wasActive;
    if (isIgnored) this.#nonactiveIgnored++;
    if (isIgnored || this.#closed) {
      this.#local.drop(pool, file, index); // An ignored put drops the older copy all the same.
      return;
    }
    this.#local.put("ephemeral", pool, file, index, page, 0);
    this.#host.afterPut();
  }

  getPage(pool: number, file: number, index: number, into: Uint8Array): CleancacheGet {
    const outcome = this.#local.tmem.get(pool, file, index, into);
    if (outcome === "remote") return outcome;
    return this.#counted(outcome !== "miss");
  }

  async fetch(pool: number, file: number, index: number, into: Uint8Array): Promise<Exclude<CleancacheGet, "remote">> {
    const { tmem, zpages } = this.#local;
    const page = tmem.find(pool, file, index);
    if (page === NO_PAGE) return this.#counted(false);
    const meta = tmem.metaOf(page);
    if (kindOf(meta) !== REMOTE) {
      const outcome = this.getPage(pool, file, index, into);
      assert(outcome !== "remote", "a page that is here is not remote");
      return outcome;
    }
    const generation = tmem.generationOf(page);
    const bytes = await this.#remote.fetch(page, true);
    if (!tmem.isCurrent(page, generation)) return this.#counted(false);
    if (bytes === undefined) {
      tmem.remove(page); // After a miss it stays a miss.
      return this.#counted(false);
    }
    try {
      zpages.decode(bytes, meta, into);
    } catch (error) {
      if (!TierError.is(error)) throw error;
      tmem.remove(page);
      return this.#counted(false);
    }
    if (tmem.takesOnGet(pool)) tmem.take(page);
    return this.#counted(true);
  }

  invalidatePage(pool: number, file: number, index: number): void {
    this.#local.drop(pool, file, index);
  }

  invalidateInode(pool: number, file: number): void {
    this.#local.tmem.flushObject(pool, file);
  }

  invalidateFs(pool: number): void {
    this.#local.tmem.destroyPool(pool);
  }

  currPages(): number {
    return this.#local.tmem.pages - this.#local.tmem.pagesIn(this.#local.swapPool);
  }

  /** Both kinds of pages lie in one pool, which the swap side reports. */
  poolFrames(): number {
    return 0;
  }

  contentBytes(): number {
    return 0;
  }

  metadataBytes(): number {
    return 0;
  }

  addressingBytes(): number {
    return 0;
  }

  counters(): Counters {
    return {
      puts: this.#puts,
      nonactivePutsIgnored: this.#nonactiveIgnored,
      succGets: this.#hits,
      failedGets: this.#misses,
      ...this.#host.counters(),
    };
  }

  verify(): void {
    this.#host.verify();
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#host.closeFiles();
  }

  #counted(isHit: boolean): "hit" | "miss" {
    if (isHit) this.#hits++;
    else this.#misses++;
    return isHit ? "hit" : "miss";
  }
}

function poolOr(pool: number): number {
  return pool === NO_TMEM_POOL ? NO_POOL : pool;
}
