import { ChunkedWords } from "@pagetier/base";

/**
 * One bit per slot of a swap area, growing with the highest slot ever set: 16 KiB for each 512 MiB of swap.
 * An area that grows by itself needs no size at `swapOn`.
 */
export class SlotBitmap {
  readonly #words = new ChunkedWords();
  #capacity = 0;
  #count = 0;

  /** Bits set. */
  get count(): number {
    return this.#count;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#words.bytes;
  }

  has(offset: number): boolean {
    return offset < this.#capacity && ((this.#words.get(offset >>> 5) >>> (offset & 31)) & 1) !== 0;
  }

  /** Sets a bit that may be set already. */
  add(offset: number): void {
    if (offset >= this.#capacity) this.#grow(offset);
    const word = this.#words.get(offset >>> 5);
    const bit = 1 << (offset & 31);
    if ((word & bit) !== 0) return;
    this.#words.set(offset >>> 5, word | bit);
    this.#count++;
  }

  /** Clears a bit. @returns whether it was set */
  delete(offset: number): boolean {
    if (offset >= this.#capacity) return false;
    const word = this.#words.get(offset >>> 5);
    const bit = 1 << (offset & 31);
    if ((word & bit) === 0) return false;
    this.#words.set(offset >>> 5, word & ~bit);
    this.#count--;
    return true;
  }

  /** Clears every bit and gives the memory back. */
  clear(): void {
    this.#words.release();
    this.#capacity = 0;
    this.#count = 0;
  }

  /** Bits set, counted word by word. O(capacity); for `verify`. */
  recount(): number {
    let count = 0;
    for (let index = 0; index < this.#words.capacity; index++) count += bitsIn(this.#words.get(index));
    return count;
  }

  /** Whether every bit set here is set in `other`. O(capacity); for `verify`. */
  isWithin(other: SlotBitmap): boolean {
    for (let index = 0; index < this.#words.capacity; index++) {
      const others = index < other.#words.capacity ? other.#words.get(index) : 0;
      if ((this.#words.get(index) & ~others) !== 0) return false;
    }
    return true;
  }

  #grow(offset: number): void {
    this.#words.ensure((offset >>> 5) + 1);
    this.#capacity = this.#words.capacity * 32;
  }
}

function bitsIn(word: number): number {
  let count = 0;
  for (let left = word; left !== 0; left &= left - 1) count++;
  return count;
}
