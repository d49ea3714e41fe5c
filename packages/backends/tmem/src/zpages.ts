// Pages as a host of tmem keeps them in this machine's memory: compressed in a pool, raw in a pool, or as a marker.
//
// What comes out (zpage-codec.ts) is the pair of words that tmem keeps (pampd.ts): the pool's handle or the repeated word, and a
// meta word with length, codec and flags.
//
// Zpages travel as they are: `copyOut` and `copyIn` move the stored bytes between the pool and a buffer, `decode` restores a page from
// such bytes wherever they have been.

import { type Handle, NO_HANDLE, TOO_LARGE, type Zpool } from "@pagetier/allocator";
import { type Accountant, assert } from "@pagetier/base";
import type { CodecChooser, Compressor } from "@pagetier/compressor";
import { codecOf, kindOf, LOCAL, lengthOf, MARKER, type PampdMeta, pampdMeta, REMOTE } from "./pampd.js";
import { ZPAGE_RAW, ZpageCodec } from "./zpage-codec.js";

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
  readonly #codec: ZpageCodec;
  readonly #options: ZpagesOptions;
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
    this.#codec = new ZpageCodec(compressor, accountant);
    this.#options = options;
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
    const codec = this.#codec;
    if (codec.pack(page, this.#options.sameFilledPages, flags) === MARKER) {
      this.#word = codec.word;
      this.#meta = codec.meta;
      this.#markers++;
      return undefined;
    }
    if ((codec.meta & ZPAGE_RAW) !== 0 && !this.#options.storeIncompressible) return "poor";
    return this.#put(codec.source, codec.meta);
  }

  /** Frees what local words stand for. */
  free(word: number, meta: PampdMeta): void {
    this.#count(meta, -1);
    if (kindOf(meta) === LOCAL) this.#pool.free(word as Handle);
  }

  /** Copies a local page out. @throws TierError COMPRESSOR_CORRUPT */
  read(word: number, meta: PampdMeta, into: Uint8Array): void {
    if (kindOf(meta) === MARKER) this.#codec.fill(word, into);
    else this.#codec.unpack(this.#pool, word as Handle, meta, into);
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
    return this.#put(bytes, pampdMeta(LOCAL, lengthOf(meta), codecOf(meta), flags | (meta & ZPAGE_RAW))) === undefined;
  }

  /** The meta word of a page whose stored bytes another machine has. @param meta that of the page here */
  remoteMeta(meta: PampdMeta, flags: number): PampdMeta {
    return pampdMeta(REMOTE, lengthOf(meta), codecOf(meta), flags | (meta & ZPAGE_RAW));
  }

  /** Restores a page from its stored bytes. @throws TierError COMPRESSOR_CORRUPT */
  decode(bytes: Uint8Array, meta: PampdMeta, into: Uint8Array): void {
    this.#codec.decode(bytes, meta, into);
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
    return this.#codec.bytes;
  }

  /** Throws AssertionError unless a page's words agree with the pool. */
  verifyPage(word: number, meta: PampdMeta): void {
    if (kindOf(meta) !== LOCAL) return;
    assert(this.#pool.sizeOf(word as Handle) === lengthOf(meta), "the pool holds what the words say");
  }

  #put(source: Uint8Array, meta: PampdMeta): ZpageRefusal | undefined {
    const length = lengthOf(meta);
    const handle = this.#pool.malloc(length);
    if (handle === TOO_LARGE) return "poor";
    if (handle === NO_HANDLE) return "noMemory";
    this.#pool.write(handle, source, 0, length);
    this.#word = handle;
    this.#meta = meta;
    this.#count(meta, 1);
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
}
