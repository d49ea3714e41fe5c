// How the bytes of a page stand in a block of contents.
//
//   fill    8 bytes, repeated: zeroes mostly
//   delta   what differs from the page in another slot: runs of (bytes unchanged before it, bytes changed, those bytes)
//   plain   4096 bytes
//
// A delta is what makes versions of a page cheap. It is used while it takes less than half a page; what repeats beyond
// that, the block's compression finds.

import { PAGE_SIZE, WORDS_PER_PAGE } from "@pagetier/base";
import { type ByteCursor, DamagedBlock } from "./byte-cursor.js";
import type { ByteWriter } from "./byte-writer.js";
import type { ContentWindow } from "./content-window.js";
import { CONTENT } from "./layout.js";

const FILL_BYTES = 8;
const DELTA_BYTES_MAX = PAGE_SIZE / 2;
/** Equal words between two runs that cost no more than the head of another run. */
const GAP_WORDS_MERGED = 1;

/** Runs of changed words, as pairs of start and end; reused. */
export class DeltaRuns {
  readonly #starts = new Uint16Array(WORDS_PER_PAGE);
  readonly #ends = new Uint16Array(WORDS_PER_PAGE);
  #count = 0;
  /** Words in all runs. */
  #words = 0;

  get count(): number {
    return this.#count;
  }

  /** First changed byte and the byte behind the last one; 0 and 0 when nothing changed. */
  get start(): number {
    return this.#count === 0 ? 0 : this.#starts[0]! * 4;
  }

  get end(): number {
    return this.#count === 0 ? 0 : this.#ends[this.#count - 1]! * 4;
  }

  compare(base: Int32Array, page: Int32Array): void {
    this.#count = 0;
    this.#words = 0;
    for (let word = 0; word < WORDS_PER_PAGE; word++) {
      if (base[word] === page[word]) continue;
      const last = this.#count - 1;
      if (last >= 0 && word - this.#ends[last]! <= GAP_WORDS_MERGED) {
        this.#words += word + 1 - this.#ends[last]!;
        this.#ends[last] = word + 1;
        continue;
      }
      this.#starts[this.#count] = word;
      this.#ends[this.#count++] = word + 1;
      this.#words++;
    }
  }

  /** Bytes that the runs take, at most. */
  bytesMax(): number {
    return this.#words * 4 + this.#count * 4 + 2;
  }

  write(page: Uint8Array, into: ByteWriter): void {
    into.varint(this.#count);
    let before = 0;
    for (let run = 0; run < this.#count; run++) {
      const start = this.#starts[run]! * 4;
      const end = this.#ends[run]! * 4;
      into.varint(start - before);
      into.varint(end - start);
      into.put(page, start, end);
      before = end;
    }
  }
}

/**
 * Appends a page as an item of a block of contents: the kind and what belongs to it.
 *
 * @param baseSlot slot of a page that may resemble it, with its differences in `runs`; `undefined`: there is none
 */
export function encodeContent(
  page: Uint8Array,
  words: Int32Array,
  baseSlot: number | undefined,
  runs: DeltaRuns,
  into: ByteWriter,
): void {
  if (isFill(words)) {
    into.u8(CONTENT.fill);
    into.put(page, 0, FILL_BYTES);
  } else if (baseSlot !== undefined && runs.bytesMax() <= DELTA_BYTES_MAX) {
    into.u8(CONTENT.delta);
    into.varint(baseSlot);
    runs.write(page, into);
  } else {
    into.u8(CONTENT.plain);
    into.put(page);
  }
}

/** Reads what {@link encodeContent} wrote into a slot of the window. @throws DamagedBlock */
export function decodeContent(cursor: ByteCursor, slot: number, window: ContentWindow): void {
  const kind = cursor.u8();
  const page = window.bytes(slot);
  if (kind === CONTENT.plain) {
    cursor.take(page, 0, PAGE_SIZE);
  } else if (kind === CONTENT.fill) {
    cursor.take(page, 0, FILL_BYTES);
    for (let filled = FILL_BYTES; filled < PAGE_SIZE; filled *= 2) page.copyWithin(filled, 0, filled);
  } else if (kind === CONTENT.delta) {
    const base = cursor.varint();
    if (!window.isDefined(base)) throw new DamagedBlock(`a content is based on slot ${base}, which holds none`);
    if (base !== slot) page.set(window.bytes(base));
    applyRuns(cursor, page);
  } else {
    throw new DamagedBlock(`content kind ${kind} is unknown`);
  }
}

function applyRuns(cursor: ByteCursor, page: Uint8Array): void {
  const count = cursor.varint();
  let at = 0;
  for (let run = 0; run < count; run++) {
    at += cursor.varint();
    const length = cursor.varint();
    if (length === 0 || at + length > PAGE_SIZE) throw new DamagedBlock("a change of a content lies outside its page");
    cursor.take(page, at, length);
    at += length;
  }
}

function isFill(words: Int32Array): boolean {
  const first = words[0];
  const second = words[1];
  for (let word = WORDS_PER_PAGE - 2; word > 0; word -= 2) {
    if (words[word] !== first || words[word + 1] !== second) return false;
  }
  return true;
}
