import { assert, PAGE_SIZE, WORDS_PER_PAGE } from "@pagetier/base";

const CHUNK_PAGES = 64;

/**
 * The table of contents that operations refer to: one page and its hash per slot. Grows with the slots that are used, up
 * to `pages` of them.
 */
export class ContentWindow {
  readonly pages: number;
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  readonly #defined: Uint8Array;
  readonly #chunks: ArrayBuffer[] = [];
  /** Views of the slots, made once each. */
  readonly #bytes: Uint8Array[] = [];
  readonly #words: Int32Array[] = [];

  constructor(pages: number) {
    this.pages = pages;
    this.low = new Uint32Array(pages);
    this.high = new Uint32Array(pages);
    this.#defined = new Uint8Array(pages);
  }

  isDefined(slot: number): boolean {
    return slot < this.pages && this.#defined[slot] === 1;
  }

  /** The page in a slot; what it held before is there until it is overwritten. */
  bytes(slot: number): Uint8Array {
    this.#ensure(slot);
    return this.#bytes[slot]!;
  }

  words(slot: number): Int32Array {
    this.#ensure(slot);
    return this.#words[slot]!;
  }

  /** Records that a slot holds a page now, and its hash. */
  define(slot: number, low: number, high: number): void {
    assert(slot < this.pages, "a slot lies in the window");
    this.#defined[slot] = 1;
    this.low[slot] = low;
    this.high[slot] = high;
  }

  memoryBytes(): number {
    return this.#chunks.length * CHUNK_PAGES * PAGE_SIZE + this.pages * 9;
  }

  #ensure(slot: number): void {
    while (this.#bytes.length <= slot) {
      const chunk = new ArrayBuffer(CHUNK_PAGES * PAGE_SIZE);
      this.#chunks.push(chunk);
      for (let page = 0; page < CHUNK_PAGES; page++) {
        this.#bytes.push(new Uint8Array(chunk, page * PAGE_SIZE, PAGE_SIZE));
        this.#words.push(new Int32Array(chunk, page * PAGE_SIZE, WORDS_PER_PAGE));
      }
    }
  }
}
