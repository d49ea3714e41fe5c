import { type Counters, PAGE_SIZE, type PluginNode } from "@pagetier/base";
import type { AnyPlugin } from "@pagetier/stack";
import { type BackingStore, type SlotStatus, STORE_CONTRACT, type StoreParts } from "@pagetier/store";
import { FilterStore, NEXT_POSITION, nextOf } from "@pagetier/store-filters/filter-store";

/** Pages that are written at a time when a file is filled. */
const FILL_PAGES = 32;
const NAME = "trace-file";

/** The file that a trace is replayed on: what each page holds before its first write. */
export interface TraceFile {
  readonly pages: number;
  /** The bytes at a page; `undefined`: zeroes. */
  content(page: number): Uint8Array | undefined;
}

/** The store of such a file, over another. */
export function traceFileNode(next: PluginNode): PluginNode {
  return { use: NAME, next };
}

/**
 * The plugin behind {@link traceFileNode}.
 *
 * @param fill whether opening writes everything to the store beneath, so that a read costs what it costs. Otherwise a read asks that
 *   store too (whose model may take its time) and puts the bytes over what it says
 */
export function traceFilePlugin(file: TraceFile, fill: boolean): AnyPlugin {
  return {
    family: "store",
    contract: STORE_CONTRACT,
    name: NAME,
    summary: "A file that holds what a trace's pages hold before they are written.",
    options: { "~standard": { version: 1, vendor: "pagetier", validate: (value) => ({ value }) } },
    positions: NEXT_POSITION,
    create: (parts: StoreParts) => new TraceFileStore(nextOf(NAME, parts), file, fill),
  };
}

class TraceFileStore extends FilterStore {
  readonly type = NAME;
  readonly #file: TraceFile;
  readonly #fill: boolean;
  /** Pages whose bytes are the store's beneath, one bit each. */
  readonly #written: Uint32Array;

  constructor(next: BackingStore, file: TraceFile, fill: boolean) {
    super(next);
    this.#file = file;
    this.#fill = fill;
    this.#written = new Uint32Array(Math.ceil(file.pages / 32));
  }

  override async open(): Promise<void> {
    await super.open();
    if (!this.#fill) return;
    for (let first = 0; first < this.#file.pages; first += FILL_PAGES) {
      const slots: number[] = [];
      const pages: Uint8Array[] = [];
      for (let page = first; page < Math.min(first + FILL_PAGES, this.#file.pages); page++) {
        const content = this.#file.content(page);
        if (content === undefined) continue;
        slots.push(page);
        pages.push(content);
      }
      const failed = (await super.writePages(slots, pages)).find((status) => status !== undefined);
      if (failed !== undefined) throw failed;
    }
    this.#written.fill(0xffffffff);
  }

  override async readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]> {
    const statuses = await super.readPages(slots, into);
    for (const [index, slot] of slots.entries()) {
      if (statuses[index] !== undefined || this.#isWritten(slot)) continue;
      const content = this.#file.content(slot);
      if (content !== undefined) into[index]!.set(content);
    }
    return statuses;
  }

  override writePages(slots: readonly number[], from: readonly Uint8Array[], lent?: boolean): Promise<SlotStatus[]> {
    this.#noteWritten(slots);
    return super.writePages(slots, from, lent);
  }

  override discard(slots: readonly number[]): Promise<void> {
    this.#noteWritten(slots);
    return super.discard(slots);
  }

  override memoryBytes(): number {
    return super.memoryBytes() + this.#written.byteLength;
  }

  protected ownCounters(): Counters {
    return { traceFileBytes: this.#file.pages * PAGE_SIZE };
  }

  #isWritten(slot: number): boolean {
    return (this.#written[slot >>> 5]! & (1 << (slot & 31))) !== 0;
  }

  #noteWritten(slots: readonly number[]): void {
    for (const slot of slots) this.#written[slot >>> 5]! |= 1 << (slot & 31);
  }
}
