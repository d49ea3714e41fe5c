// Which slots of a file hold a page: one bit each, in blocks of 32,768 slots (4 KiB) that exist while they have a bit
// set. A file may be sparse and its slots far apart, so blocks are found through a map. Membership costs one lookup.
import { assert } from "@pagetier/base";

const BLOCK_SLOTS = 32_768;
const BLOCK_BYTES = BLOCK_SLOTS / 8;

interface Block {
  readonly words: Uint32Array;
  held: number;
}

export class SlotSet {
  readonly #blocks = new Map<number, Block>();
  #size = 0;

  /** Slots in the set. */
  get size(): number {
    return this.#size;
  }

  memoryBytes(): number {
    return this.#blocks.size * BLOCK_BYTES;
  }

  has(slot: number): boolean {
    const words = this.#blocks.get(Math.floor(slot / BLOCK_SLOTS))?.words;
    return words !== undefined && (words[(slot % BLOCK_SLOTS) >>> 5]! & (1 << (slot % 32))) !== 0;
  }

  add(slot: number): void {
    this.addRun(slot, 1);
  }

  /** Adds slots slot..slot + count - 1. */
  addRun(slot: number, count: number): void {
    for (let done = 0; done < count; ) {
      const block = this.#blockOf(slot + done);
      const word = ((slot + done) % BLOCK_SLOTS) >>> 5;
      const from = (slot + done) % 32;
      const length = Math.min(32 - from, count - done);
      const bits = (length === 32 ? 0xffff_ffff : ((1 << length) - 1) << from) >>> 0;
      const added = bitsIn(bits & ~block.words[word]!);
      block.words[word]! |= bits;
      block.held += added;
      this.#size += added;
      done += length;
    }
  }

  /** How many slots from `slot` on are in the set, one after the other; at most `max`. */
  run(slot: number, max: number): number {
    let length = 0;
    while (length < max) {
      const at = slot + length;
      const words = this.#blocks.get(Math.floor(at / BLOCK_SLOTS))?.words;
      if (words === undefined) break;
      // From here on the word holds a zero for each slot that is there; what lies beyond it counts as not there.
      const missing = ~words[(at % BLOCK_SLOTS) >>> 5]! >>> (at % 32);
      const left = 32 - (at % 32);
      const held = missing === 0 ? left : 31 - Math.clz32(missing & -missing);
      length += held;
      if (held < left) break;
    }
    return Math.min(length, max);
  }

  /** Adds slots 0..end - 1 to an empty set. */
  addBelow(end: number): void {
    assert(this.#size === 0, "the set is empty");
    for (let first = 0; first < end; first += BLOCK_SLOTS) {
      const held = Math.min(end - first, BLOCK_SLOTS);
      const words = new Uint32Array(BLOCK_SLOTS / 32).fill(0xffff_ffff, 0, held >>> 5);
      if (held % 32 !== 0) words[held >>> 5] = 2 ** (held % 32) - 1;
      this.#blocks.set(first / BLOCK_SLOTS, { words, held });
    }
    this.#size = end;
  }

  /** @returns whether the slot was in the set */
  delete(slot: number): boolean {
    if (!this.has(slot)) return false;
    const number = Math.floor(slot / BLOCK_SLOTS);
    const block = this.#blocks.get(number)!;
    block.words[(slot % BLOCK_SLOTS) >>> 5]! &= ~(1 << (slot % 32));
    this.#size--;
    if (--block.held === 0) this.#blocks.delete(number);
    return true;
  }

  /** The highest slot in the set, -1 when it is empty. O(blocks + words of one block). */
  highest(): number {
    let number = -1;
    for (const candidate of this.#blocks.keys()) if (candidate > number) number = candidate;
    const words = this.#blocks.get(number)?.words;
    if (words === undefined) return -1;
    for (let word = words.length - 1; word >= 0; word--) {
      if (words[word] !== 0) return number * BLOCK_SLOTS + word * 32 + 31 - Math.clz32(words[word]!);
    }
    return -1;
  }

  clear(): void {
    this.#blocks.clear();
    this.#size = 0;
  }

  #blockOf(slot: number): Block {
    const number = Math.floor(slot / BLOCK_SLOTS);
    let block = this.#blocks.get(number);
    if (block === undefined) {
      block = { words: new Uint32Array(BLOCK_SLOTS / 32), held: 0 };
      this.#blocks.set(number, block);
    }
    return block;
  }
}

function bitsIn(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}
