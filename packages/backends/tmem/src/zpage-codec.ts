// From a page to what is kept of it, and back.
//
// A page of one repeated 32-bit word is a marker and takes nothing. Another one is compressed by the chosen codec, whose number goes
// into its meta word (pampd.ts), so that a chooser may take another for each page; when that does not make it shorter it is
// taken as it is, and carries the flag {@link ZPAGE_RAW}.

import type { Handle, Zpool } from "@pagetier/allocator";
import { type Accountant, assert, PAGE_SIZE, TierError } from "@pagetier/base";
import { type CodecChooser, type Compressor, chooserOf, compressorCorrupt, INCOMPRESSIBLE } from "@pagetier/compressor";
import { codecOf, HOST_FLAG, LOCAL, lengthOf, MARKER, type PampdMeta, pampdMeta } from "./pampd.js";

/** The page is stored as it is. Seven flags are left to hosts. */
export const ZPAGE_RAW = HOST_FLAG;

export class ZpageCodec {
  readonly #chooser: CodecChooser;
  readonly #codecBytes: number;
  /** The first codec's input, as one page and as words. */
  readonly #inputPage: Uint8Array;
  readonly #inputWords: Uint32Array;
  #source: Uint8Array;
  #word = 0;
  #meta: PampdMeta = 0;

  /** @throws TierError ZPAGES_NO_ROOM when the budget has no room for the codecs' buffers */
  constructor(compressor: Compressor | CodecChooser, accountant: Accountant) {
    this.#chooser = chooserOf(compressor);
    this.#codecBytes = this.#chooser.memoryBytes();
    if (!accountant.charge(this.#codecBytes)) {
      throw new TierError(
        "ZPAGES_NO_ROOM",
        `the buffers of compressor ${this.#chooser.type} (${this.#codecBytes} bytes) do not fit the memory; give more memory.`,
        { compressor: this.#chooser.type, bytes: this.#codecBytes },
      );
    }
    const { input } = this.#chooser;
    assert(input.byteOffset % 4 === 0, "a codec's input is aligned to words");
    this.#inputPage = input.subarray(0, PAGE_SIZE);
    this.#inputWords = new Uint32Array(input.buffer, input.byteOffset, PAGE_SIZE / 4);
    this.#source = this.#inputPage;
  }

  /** Bytes of codecs, charged to the accountant. */
  get bytes(): number {
    return this.#codecBytes;
  }

  /** Of the last {@link pack}: the meta word. Its length is how many bytes of {@link source} are the zpage. */
  get meta(): PampdMeta {
    return this.#meta;
  }

  /** Of the last {@link pack} that gave a marker: the repeated word. */
  get word(): number {
    return this.#word;
  }

  /** Of the last {@link pack} that gave a zpage: where it begins. Until the next call. */
  get source(): Uint8Array {
    return this.#source;
  }

  /**
   * Looks at a page, and compresses it.
   *
   * @param sameFilled whether a page of one repeated word becomes a marker
   * @param flags the host's, for the meta word
   * @returns the kind that {@link meta} has
   */
  pack(page: Uint8Array, sameFilled: boolean, flags: number): typeof MARKER | typeof LOCAL {
    const chooser = this.#chooser;
    chooser.input.set(page);
    if (sameFilled && this.#isSameFilled()) {
      this.#word = this.#inputWords[0]!;
      this.#meta = pampdMeta(MARKER, 0, 0, flags);
      return MARKER;
    }
    const length = chooser.compress();
    const isRaw = length === INCOMPRESSIBLE || length >= PAGE_SIZE;
    this.#source = isRaw ? this.#inputPage : chooser.codecs[chooser.chosen]!.output;
    this.#meta = isRaw
      ? pampdMeta(LOCAL, PAGE_SIZE, 0, flags | ZPAGE_RAW)
      : pampdMeta(LOCAL, length, chooser.chosen, flags);
    return LOCAL;
  }

  /** Restores a page of a pool. @throws TierError COMPRESSOR_CORRUPT; `into` is as it was then */
  unpack(pool: Zpool, handle: Handle, meta: PampdMeta, into: Uint8Array): void {
    if ((meta & ZPAGE_RAW) !== 0) {
      pool.read(handle, into, 0);
      return;
    }
    const codec = this.#codec(meta);
    this.#restore(codec, pool.readAround(handle, codec.input), meta, into);
  }

  /** Restores a page from its stored bytes. @throws TierError COMPRESSOR_CORRUPT */
  decode(bytes: Uint8Array, meta: PampdMeta, into: Uint8Array): void {
    if ((meta & ZPAGE_RAW) !== 0) {
      into.set(bytes.length === PAGE_SIZE ? bytes : bytes.subarray(0, PAGE_SIZE));
      return;
    }
    const codec = this.#codec(meta);
    codec.input.set(bytes.length <= codec.input.length ? bytes : bytes.subarray(0, PAGE_SIZE));
    this.#restore(codec, 0, meta, into);
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

  #codec(meta: PampdMeta): Compressor {
    const codec = this.#chooser.codecs[codecOf(meta)];
    assert(codec !== undefined, "a page records a codec that there is");
    return codec;
  }

  #restore(codec: Compressor, start: number, meta: PampdMeta, into: Uint8Array): void {
    const length = lengthOf(meta);
    const restored = codec.decompress(start, length);
    if (restored !== PAGE_SIZE) throw compressorCorrupt(codec.type, `they give ${restored} bytes`, length);
    into.set(codec.output);
  }

  /** Whether the page in the codec's input is one repeated word. The last word is looked at first: most pages end there. */
  #isSameFilled(): boolean {
    const words = this.#inputWords;
    const first = words[0]!;
    if (words[words.length - 1] !== first) return false;
    for (let index = 1; index < words.length; index++) if (words[index] !== first) return false;
    return true;
  }
}
