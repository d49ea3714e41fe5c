// Pages as a host of tmem keeps them in this machine's memory: compressed in a pool, raw in a pool, or as a marker.
//
// A page of one repeated 32-bit word is a marker and takes nothing. Another one is compressed by the chosen codec; if that does not
// make it shorter it is kept as it is, or refused. What comes out is the pair of words that tmem keeps (pampd.ts): the pool's handle or
// the repeated word, and a meta word with length and codec. The flag {@link ZPAGE_RAW} is this class's; seven others are the host's.
//
// Zpages travel as they are: `copyOut` and `copyIn` move the stored bytes between the pool and a buffer, `decode` restores a page from
// such bytes wherever they have been.

import { type Handle, NO_HANDLE, TOO_LARGE, type Zpool } from "@pagetier/allocator";
import { type Accountant, assert, PAGE_SIZE, TierError } from "@pagetier/base";
import { type CodecChooser, type Compressor, chooserOf, compressorCorrupt, INCOMPRESSIBLE } from "@pagetier/compressor";
import { codecOf, HOST_FLAG, kindOf, LOCAL, lengthOf, MARKER, type PampdMeta, pampdMeta, REMOTE } from "./pampd.js";

/** The page is stored as it is. */
export const ZPAGE_RAW = HOST_FLAG;

export interface ZpagesOptions {
  /** Whether a page of one repeated word becomes a marker. */
  readonly sameFilledPages: boolean;
  /** Whether pages that do not compress are kept as they are, instead of being refused. */
  readonly storeIncompressible: boolean;
}

/** Why a page was not taken: it does not compress, or the pool gets no frame. */
export type ZpageRefusal = "poor" | "noMemory";

export class Zpages {
  readonly #pool: Zpool;
  readonly #chooser: CodecChooser;
  readonly #accountant: Accountant;
  readonly #options: ZpagesOptions;
  readonly #inputPage: Uint8Array;
  readonly #inputWords: Uint32Array;
  readonly #codecBytes: number;
  #word = 0;
  #meta: PampdMeta = 0;
  #markers = 0;
  #rawPages = 0;
  #compressedPages = 0;
  #compressedBytes = 0;
  #rawBytes = 0;

  /** @throws TierError ZPAGES_NO_ROOM when the budget has no room for the codecs' buffers */
  constructor(pool: Zpool, compressor: Compressor | CodecChooser, accountant: Accountant, options: ZpagesOptions) {
    this.#pool = pool;
    this.#chooser = chooserOf(compressor);
    this.#accountant = accountant;
    this.#options = options;
    this.#codecBytes = this.#chooser.memoryBytes();
    if (!this.#accountant.charge(this.#codecBytes)) {
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
  }

  /** What {@link store} and {@link copyIn} made: the words for tmem. */
  get word(): number {
    return this.#word;
  }

  get meta(): PampdMeta {
    return this.#meta;
  }

  /** Takes a page. @param flags the host's, in the meta word @returns why not, or `undefined`: {@link word} and {@link meta} have it */
  store(page: Uint8Array, flags: number): ZpageRefusal | undefined {
    const chooser = this.#chooser;
    chooser.input.set(page);
    if (this.#options.sameFilledPages && this.#isSameFilled()) {
      this.#word = this.#inputWords[0]!;
      this.#meta = pampdMeta(MARKER, 0, 0, flags);
      this.#markers++;
      return undefined;
    }
    const length = chooser.compress();
    const isRaw = length === INCOMPRESSIBLE || length >= PAGE_SIZE;
    if (isRaw && !this.#options.storeIncompressible) return "poor";
    if (isRaw) return this.#put(page, PAGE_SIZE, 0, flags | ZPAGE_RAW);
    return this.#put(chooser.codecs[chooser.chosen]!.output, length, chooser.chosen, flags);
  }

  /** Frees what local words stand for. */
  free(word: number, meta: PampdMeta): void {
    this.#count(meta, -1);
    if (kindOf(meta) === LOCAL) this.#pool.free(word as Handle);
  }

  /** Copies a local page out. @throws TierError COMPRESSOR_CORRUPT */
  read(word: number, meta: PampdMeta, into: Uint8Array): void {
    if (kindOf(meta) === MARKER) {
      this.#fillSame(word, into);
    } else if ((meta & ZPAGE_RAW) !== 0) {
      this.#pool.read(word as Handle, into, 0);
    } else {
      const codec = this.#codec(meta);
      this.#restore(codec, this.#pool.readAround(word as Handle, codec.input), meta, into);
    }
  }

  /** Copies the stored bytes of a page in the pool out, as they are. @returns how many: the meta word's length */
  copyOut(word: number, into: Uint8Array): number {
    return this.#pool.read(word as Handle, into, 0);
  }

  /**
   * Takes stored bytes into the pool.
   *
   * @param bytes the first of them
   * @param meta the meta word of their page, wherever it lies: length, codec and flags stand
   * @returns whether there was room: {@link word} and {@link meta} have it
   */
  copyIn(bytes: Uint8Array, meta: PampdMeta, flags: number): boolean {
    return this.#put(bytes, lengthOf(meta), codecOf(meta), flags | (meta & ZPAGE_RAW)) === undefined;
  }

  /** The meta word of a page whose stored bytes another machine has. @param meta that of the page here */
  remoteMeta(meta: PampdMeta, flags: number): PampdMeta {
    return pampdMeta(REMOTE, lengthOf(meta), codecOf(meta), flags | (meta & ZPAGE_RAW));
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

  get sameFilledPages(): number {
    return this.#markers;
  }

  get incompressiblePages(): number {
    return this.#rawPages;
  }

  get compressedPages(): number {
    return this.#compressedPages;
  }

  get compressedBytes(): number {
    return this.#compressedBytes;
  }

  get rawBytes(): number {
    return this.#rawBytes;
  }

  /** Bytes of codecs, charged to the accountant. */
  get bytes(): number {
    return this.#codecBytes;
  }

  /** Throws AssertionError unless a page's words agree with the pool. */
  verifyPage(word: number, meta: PampdMeta): void {
    if (kindOf(meta) !== LOCAL) return;
    assert(this.#pool.sizeOf(word as Handle) === lengthOf(meta), "the pool holds what the words say");
  }

  #put(source: Uint8Array, length: number, codec: number, flags: number): ZpageRefusal | undefined {
    const handle = this.#pool.malloc(length);
    if (handle === TOO_LARGE) return "poor";
    if (handle === NO_HANDLE) return "noMemory";
    this.#pool.write(handle, source, 0, length);
    this.#word = handle;
    this.#meta = pampdMeta(LOCAL, length, codec, flags);
    this.#count(this.#meta, 1);
    return undefined;
  }

  #count(meta: PampdMeta, change: number): void {
    const length = lengthOf(meta) * change;
    if (kindOf(meta) === MARKER) this.#markers += change;
    else if ((meta & ZPAGE_RAW) !== 0) {
      this.#rawPages += change;
      this.#rawBytes += length;
    } else {
      this.#compressedPages += change;
      this.#compressedBytes += length;
    }
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

  #fillSame(word: number, into: Uint8Array): void {
    if (word === Math.imul(word & 0xff, 0x01010101) >>> 0) {
      into.fill(word & 0xff);
      return;
    }
    this.#inputWords.fill(word);
    into.set(this.#inputPage);
  }
}
