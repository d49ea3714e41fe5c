// From a page to what is kept of it, and back.
//
// A page of one repeated word becomes that word; everything else is compressed, or stays as it is when it does not get
// shorter. Codecs have numbers, which go with the zpage (pampd.ts), so that a chooser may take another for each page; 0 is
// "as it is".

import type { Handle, Zpool } from "@pagetier/allocator";
import { type Accountant, assert, PAGE_SIZE, TierError } from "@pagetier/base";
import { type CodecChooser, type Compressor, chooserOf, compressorCorrupt, INCOMPRESSIBLE } from "@pagetier/compressor";
import { LOCAL, MARKER } from "./pampd.js";

/** The codec of a page that is stored as it is. */
export const RAW_CODEC = 0;

export class ZpageCodec {
  /** Of the last {@link pack}: how many bytes of {@link source} are the zpage. */
  length = 0;
  /** Of the last {@link pack}: the number of its codec. */
  codec = RAW_CODEC;
  /** Of the last {@link pack} that gave a marker: the repeated word. */
  word = 0;
  readonly #chooser: CodecChooser;
  readonly #accountant: Accountant;
  /** The codec's input as words, and as one page. */
  readonly #inputWords: Uint32Array;
  readonly #inputPage: Uint8Array;
  #source: Uint8Array;

  /**
   * @param owner for messages: the backend
   * @throws TierError TMEM_NO_ROOM when the codecs' buffers do not fit the budget
   */
  constructor(owner: string, accountant: Accountant, compressor: Compressor | CodecChooser) {
    const chooser = chooserOf(compressor);
    const bytes = chooser.memoryBytes();
    if (!accountant.charge(bytes)) {
      throw new TierError(
        "TMEM_NO_ROOM",
        `${owner}: the buffers of compressor ${chooser.type} (${bytes} bytes) do not fit the memory; give more of it.`,
        { owner, compressor: chooser.type, bytes },
      );
    }
    const { buffer, byteOffset } = chooser.input;
    assert(byteOffset % 4 === 0, "a codec's input is aligned to words");
    this.#chooser = chooser;
    this.#accountant = accountant;
    this.#inputWords = new Uint32Array(buffer, byteOffset, PAGE_SIZE / 4);
    this.#inputPage = new Uint8Array(buffer, byteOffset, PAGE_SIZE);
    this.#source = this.#inputPage;
  }

  /** Bytes charged for the codecs' buffers. */
  get bytes(): number {
    return this.#chooser.memoryBytes();
  }

  /** Where the zpage of the last {@link pack} begins; valid until the next call. */
  get source(): Uint8Array {
    return this.#source;
  }

  /**
   * Looks at a page and compresses it.
   *
   * @param sameFilled whether a page of one repeated word becomes a marker
   * @returns {@link MARKER}: see {@link word}; {@link LOCAL}: see {@link length}, {@link codec} and {@link source}
   */
  pack(page: Uint8Array, sameFilled: boolean): typeof MARKER | typeof LOCAL {
    const chooser = this.#chooser;
    chooser.input.set(page);
    if (sameFilled && this.#isSameFilled()) {
      this.word = this.#inputWords[0]!;
      this.length = 0;
      this.codec = RAW_CODEC;
      return MARKER;
    }
    const length = chooser.compress();
    const raw = length === INCOMPRESSIBLE || length >= PAGE_SIZE;
    this.length = raw ? PAGE_SIZE : length;
    this.codec = raw ? RAW_CODEC : 1 + chooser.chosen;
    this.#source = raw ? this.#inputPage : chooser.codecs[chooser.chosen]!.output;
    return LOCAL;
  }

  /**
   * Restores a page of the pool.
   *
   * @throws TierError COMPRESSOR_CORRUPT; `into` is as it was then
   */
  unpack(pool: Zpool, handle: Handle, length: number, codec: number, into: Uint8Array): void {
    if (codec === RAW_CODEC) {
      pool.read(handle, into, 0);
      return;
    }
    const compressor = this.#chooser.codecs[codec - 1]!;
    const start = pool.readAround(handle, compressor.input);
    const restored = compressor.decompress(start, length);
    if (restored !== PAGE_SIZE) throw compressorCorrupt(compressor.type, `they give ${restored} bytes`, length);
    into.set(compressor.output);
  }

  /** Makes the page of a marker. */
  fill(word: number, into: Uint8Array): void {
    if (word === Math.imul(word & 0xff, 0x01010101) >>> 0) {
      into.fill(word & 0xff);
      return;
    }
    this.#inputWords.fill(word);
    into.set(this.#inputPage);
  }

  /** Gives the charge for the codecs' buffers back. */
  release(): void {
    this.#accountant.uncharge(this.#chooser.memoryBytes());
  }

  /** Whether the page in the codec's input is one repeated word. The last word is looked at first: most pages end there. */
  #isSameFilled(): boolean {
    const words = this.#inputWords;
    const word = words[0]!;
    if (words[words.length - 1] !== word) return false;
    for (let index = 1; index < words.length; index++) if (words[index] !== word) return false;
    return true;
  }
}
