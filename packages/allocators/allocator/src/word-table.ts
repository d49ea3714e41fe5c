import type { Accountant } from "@pagetier/base";

/** `index >>> WORD_SHIFT` is the chunk of a word, `index & WORD_MASK` its place there. */
export const WORD_SHIFT = 10;
/** Words in a chunk, less one. A chunk has as many bytes as a page. */
export const WORD_MASK = (1 << WORD_SHIFT) - 1;

const CHUNK_WORDS = 1 << WORD_SHIFT;
const CHUNK_BYTES = CHUNK_WORDS * 4;

/**
 * A growing table of 32-bit words for records: like ChunkedWords of base, but its chunks are small and open, so that a
 * record that lies in one chunk is reached by one look-up for all its words.
 */
export class WordTable {
  readonly chunks: Uint32Array[] = [];
  readonly #accountant: Accountant;

  constructor(accountant: Accountant) {
    this.#accountant = accountant;
  }

  /** Words that can be addressed: a multiple of the chunk's length. */
  get capacity(): number {
    return this.chunks.length * CHUNK_WORDS;
  }

  /** Bytes held, all of them charged. */
  get bytes(): number {
    return this.chunks.length * CHUNK_BYTES;
  }

  /** Makes words 0..length - 1 addressable; new ones are 0. `false` when the budget has no room (nothing changed). */
  ensure(length: number): boolean {
    const missing = Math.ceil(length / CHUNK_WORDS) - this.chunks.length;
    if (missing <= 0) return true;
    if (!this.#accountant.charge(missing * CHUNK_BYTES)) return false;
    for (let count = 0; count < missing; count++) this.chunks.push(new Uint32Array(CHUNK_WORDS));
    return true;
  }

  get(index: number): number {
    return this.chunks[index >>> WORD_SHIFT]![index & WORD_MASK]!;
  }

  set(index: number, value: number): void {
    this.chunks[index >>> WORD_SHIFT]![index & WORD_MASK] = value;
  }

  /** Gives all but the first chunk back, which keeps its content. */
  trim(): void {
    if (this.chunks.length < 2) return;
    this.#accountant.uncharge((this.chunks.length - 1) * CHUNK_BYTES);
    this.chunks.length = 1;
  }

  /** Gives all memory back; the table is empty afterwards. */
  release(): void {
    this.#accountant.uncharge(this.bytes);
    this.chunks.length = 0;
  }
}
