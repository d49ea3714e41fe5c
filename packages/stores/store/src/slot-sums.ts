// A checksum for each slot: what tells a page that changed below from the one that was written.
//
// A CRC-32 of the page, 4 bytes a slot, in blocks of 1024 slots (4 KiB) that exist while one of their slots has a sum. A
// random change goes unnoticed once in 2^32. Blocks are whole pages, so that a store may keep them as such.
import { crc32 } from "node:zlib";

/** Slots of a block. */
export const SUM_BLOCK_SLOTS = 1024;
/** No checksum is known. A page whose CRC is 0 gets 1 instead. */
export const NO_SUM = 0;

/** The checksum of some bytes; never {@link NO_SUM}. */
export function sumOf(bytes: Uint8Array): number {
  return crc32(bytes) || 1;
}

export class SlotSums {
  readonly #blocks = new Map<number, Uint32Array>();
  /** Blocks that changed since {@link takeChanged}, those that went included. */
  readonly #changed = new Set<number>();

  memoryBytes(): number {
    return this.#blocks.size * SUM_BLOCK_SLOTS * 4;
  }

  get(slot: number): number {
    return this.#blocks.get(Math.floor(slot / SUM_BLOCK_SLOTS))?.[slot % SUM_BLOCK_SLOTS] ?? NO_SUM;
  }

  set(slot: number, sum: number): void {
    const number = Math.floor(slot / SUM_BLOCK_SLOTS);
    let block = this.#blocks.get(number);
    if (block === undefined) {
      if (sum === NO_SUM) return;
      block = new Uint32Array(SUM_BLOCK_SLOTS);
      this.#blocks.set(number, block);
    }
    if (block[slot % SUM_BLOCK_SLOTS] === sum) return;
    block[slot % SUM_BLOCK_SLOTS] = sum;
    this.#changed.add(number);
  }

  /** The block of slots from `number * SUM_BLOCK_SLOTS` on, as it is and will be changed. */
  block(number: number): Uint32Array | undefined {
    return this.#blocks.get(number);
  }

  /** Takes a block as it was kept. */
  load(number: number, block: Uint32Array): void {
    this.#blocks.set(number, block);
  }

  /** Numbers of blocks that changed since the last time. */
  takeChanged(): number[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  /** Counts a block as changed, because it could not be kept. */
  markChanged(number: number): void {
    this.#changed.add(number);
  }

  clear(): void {
    this.#blocks.clear();
    this.#changed.clear();
  }
}
