// The contract in the plainest way: a Map of entries, each a copy of the page without its trailing zeros (so that some
// pages are smaller than others, which is all that "compression" means here). It can keep clean copies, answer loads
// exclusively, lend pages out to another machine, and write back; it is small and slow, and it is right.

import { type Counters, PAGE_SIZE } from "@pagetier/base";
import {
  type Frontswap,
  type FrontswapCopy,
  type FrontswapLoad,
  frontswapLost,
  type StoreOutcome,
} from "../frontswap.js";
import type { SwapWriteback } from "../swap-writeback.js";

export interface ReferenceFrontswapOptions {
  /** Bytes that entries may take together; beyond it stores are refused. Default 16 pages. */
  readonly capacityBytes?: number;
  /** A load takes the copy out. Default false. */
  readonly exclusive?: boolean;
  /** A full pool drops clean copies to make room. Default true. */
  readonly dropClean?: boolean;
  /** `reclaim` lends pages to another machine instead of writing them to the device. Default false. */
  readonly remote?: boolean;
}

/** A stored page. Its identity is its generation: a new store makes a new entry. */
export interface ReferenceEntry {
  readonly type: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
  clean: boolean;
  away: boolean;
  writing: boolean;
  damaged: boolean;
}

/** A small frontswap backend that keeps every rule of the contract. For tests of what stands on frontswap. */
export class ReferenceFrontswap implements Frontswap {
  readonly type: string = "reference";
  protected readonly entries = new Map<string, ReferenceEntry>();
  protected closed = false;
  protected readonly options: Required<ReferenceFrontswapOptions>;
  readonly #areas = new Set<number>();
  #stores = 0;
  #refusals = 0;
  #droppedClean = 0;
  #writtenBack = 0;

  constructor(
    options: ReferenceFrontswapOptions,
    protected readonly writeback: SwapWriteback,
  ) {
    const defaults = { capacityBytes: 16 * PAGE_SIZE, exclusive: false, dropClean: true, remote: false };
    this.options = { ...defaults, ...options };
  }

  init(type: number): void {
    this.#areas.add(type);
  }

  store(type: number, offset: number, page: Uint8Array, copy: FrontswapCopy): StoreOutcome {
    if (!this.#areas.has(type)) throw new Error(`area ${type} was not initialised before a store`);
    this.entries.delete(keyOf(type, offset)); // First: a refusal leaves nothing.
    const length = usedLength(page);
    if (this.closed || !this.makeRoom(length)) {
      this.#refusals++;
      return "refused";
    }
    const bytes = page.slice(0, length);
    const clean = copy === "clean";
    this.entries.set(keyOf(type, offset), { type, offset, bytes, clean, away: false, writing: false, damaged: false });
    this.#stores++;
    return "stored";
  }

  load(type: number, offset: number, into: Uint8Array): FrontswapLoad {
    const entry = this.entries.get(keyOf(type, offset));
    if (entry === undefined) return "miss";
    if (entry.away) return "remote";
    return this.fill(entry, into);
  }

  async fetch(type: number, offset: number, into: Uint8Array): Promise<Exclude<FrontswapLoad, "remote">> {
    const entry = this.entries.get(keyOf(type, offset));
    if (entry === undefined) return "miss";
    await this.transfer();
    if (this.entries.get(keyOf(type, offset)) !== entry) return "miss"; // Invalidated, maybe stored again, meanwhile.
    return this.fill(entry, into);
  }

  markClean(type: number, offset: number): void {
    const entry = this.entries.get(keyOf(type, offset));
    if (entry !== undefined) entry.clean = true;
  }

  invalidatePage(type: number, offset: number): void {
    this.entries.delete(keyOf(type, offset));
  }

  invalidateArea(type: number): void {
    for (const [key, entry] of this.entries) if (entry.type === type) this.entries.delete(key);
    this.#areas.delete(type);
  }

  currPages(): number {
    return this.entries.size;
  }

  storedBytes(type: number, offset: number): number {
    const entry = this.entries.get(keyOf(type, offset));
    return entry === undefined || entry.away ? -1 : entry.bytes.length;
  }

  poolFrames(): number {
    return Math.ceil(this.usedBytes() / PAGE_SIZE);
  }

  contentBytes(): number {
    return this.currPages() * PAGE_SIZE;
  }

  addressingBytes(): number {
    return 0;
  }

  metadataBytes(): number {
    return this.entries.size * 64;
  }

  counters(): Counters {
    return {
      storedPages: this.entries.size,
      stores: this.#stores,
      refusals: this.#refusals,
      droppedClean: this.#droppedClean,
      writtenBackPages: this.#writtenBack,
    };
  }

  verify(): void {
    if (this.usedBytes() > this.options.capacityBytes) throw new Error("entries exceed the capacity");
    for (const [key, entry] of this.entries) {
      if (key !== keyOf(entry.type, entry.offset)) throw new Error("an entry lies under another key");
      if (!this.#areas.has(entry.type)) throw new Error("an entry outlived its area");
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.writeback.flush();
  }

  /** Moves up to `pages` of the oldest entries out of the pool: to the other machine, or to the device. */
  reclaim(pages: number): void {
    for (const entry of [...this.entries.values()].slice(0, pages)) {
      if (entry.clean) this.#drop(entry);
      else if (this.options.remote) entry.away = !entry.damaged;
      else if (!entry.writing && !this.writeBack(entry)) return;
    }
  }

  /** Damages a stored page so that it cannot be given back. */
  corrupt(type: number, offset: number): void {
    const entry = this.entries.get(keyOf(type, offset));
    if (entry !== undefined) entry.damaged = true;
  }

  /** @returns whether it makes sense to go on with the next entry */
  protected writeBack(entry: ReferenceEntry): boolean {
    const { type, offset } = entry;
    const claim = this.writeback.claim(type, offset);
    if (claim === "noMemory") return false;
    if (claim === "exists") return true;
    if (!this.isCurrent(entry) || entry.damaged) {
      this.writeback.release(claim);
      return true;
    }
    expand(entry.bytes, claim.page);
    entry.writing = true;
    this.writeback.submit(claim, (outcome) => {
      entry.writing = false;
      if (outcome === "failed" || !this.isCurrent(entry)) return false;
      this.entries.delete(keyOf(type, offset));
      this.#writtenBack++;
      return true;
    });
    return true;
  }

  protected isCurrent(entry: ReferenceEntry): boolean {
    return this.entries.get(keyOf(entry.type, entry.offset)) === entry;
  }

  protected fill(entry: ReferenceEntry, into: Uint8Array): "hit" | "hitExclusive" {
    if (entry.damaged) throw frontswapLost(this.type, entry.type, entry.offset);
    expand(entry.bytes, into);
    if (!this.options.exclusive) return "hit";
    this.entries.delete(keyOf(entry.type, entry.offset));
    return "hitExclusive";
  }

  protected makeRoom(length: number): boolean {
    for (const entry of this.options.dropClean ? this.entries.values() : []) {
      if (this.usedBytes() + length <= this.options.capacityBytes) break;
      if (entry.clean) this.#drop(entry);
    }
    return this.usedBytes() + length <= this.options.capacityBytes;
  }

  /** Waits for the other machine. */
  protected transfer(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  protected usedBytes(): number {
    let bytes = 0;
    for (const entry of this.entries.values()) if (!entry.away) bytes += entry.bytes.length;
    return bytes;
  }

  #drop(entry: ReferenceEntry): void {
    this.entries.delete(keyOf(entry.type, entry.offset));
    this.#droppedClean++;
  }
}

function keyOf(type: number, offset: number): string {
  return `${type}:${offset}`;
}

function usedLength(page: Uint8Array): number {
  let length = page.length;
  while (length > 0 && page[length - 1] === 0) length--;
  return length;
}

function expand(bytes: Uint8Array, into: Uint8Array): void {
  into.fill(0);
  into.set(bytes);
}
