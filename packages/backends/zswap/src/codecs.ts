// The codecs of a pool: those that compress now, and those that stored pages still need.
//
// Every entry, and every record below, states its codec by a number. A number is free again when no page needs it: pages
// are counted by codec, so that a codec can be let go without a look at every entry.

import { assert, PAGE_SIZE, TierError } from "@pagetier/base";
import { type CodecChooser, type Compressor, chooserOf } from "@pagetier/compressor";
import type { PageFrames } from "@pagetier/frames";

const CODECS_MAX = 256;

export class Codecs {
  readonly #frames: PageFrames;
  readonly #codecs: (Compressor | undefined)[] = [];
  /** Pages that need each codec, in the pool and below. */
  readonly #users: number[] = [];
  /** What compresses: one codec, or a choice of several. */
  #chooser: CodecChooser;
  /** The numbers of its codecs. */
  #numbers: readonly number[] = [];
  /** What it holds beside them. */
  #chooserBytes = 0;
  /** The codec of write-back, where there is one of its own: it stays. */
  #strong = -1;
  #bytes = 0;
  /** The chooser's input as words, for the search of same-filled pages. */
  inputWords: Uint32Array;
  /** The same bytes as one page. */
  inputPage: Uint8Array;

  /** @throws TierError ZSWAP_NO_ROOM */
  constructor(frames: PageFrames, compressor: Compressor | CodecChooser, strong: Compressor | undefined) {
    this.#frames = frames;
    this.#chooser = chooserOf(compressor);
    this.#add(this.#chooser);
    this.inputPage = pageOf(this.#chooser);
    this.inputWords = wordsOf(this.#chooser);
    if (strong === undefined) return;
    this.#charge(strong.type, strong.memoryBytes());
    this.#bytes += strong.memoryBytes();
    this.#strong = this.#numberFor(strong);
  }

  get chooser(): CodecChooser {
    return this.#chooser;
  }

  /** Bytes charged for buffers. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Number of the write-back's own codec. */
  get strong(): number {
    assert(this.#strong >= 0, "write-back has a codec of its own where it is asked for");
    return this.#strong;
  }

  /** Number of the codec that the chooser took last. */
  get chosen(): number {
    return this.#numbers[this.#chooser.chosen]!;
  }

  at(number: number): Compressor {
    return this.#codecs[number]!;
  }

  /** A page needs the codec, or one does no longer. */
  use(number: number, pages: 1 | -1): void {
    this.#users[number] = (this.#users[number] ?? 0) + pages;
  }

  /** Compresses with another codec or choice from now on; what nothing needs any more is let go. @throws TierError ZSWAP_NO_ROOM */
  change(compressor: Compressor | CodecChooser): void {
    const chooser = chooserOf(compressor);
    this.#drop();
    this.#add(chooser);
    this.#chooser = chooser;
    this.inputPage = pageOf(chooser);
    this.inputWords = wordsOf(chooser);
  }

  /** @param used pages by codec, as a recount has it */
  verify(used: ReadonlyMap<number, number>): void {
    for (const [number, pages] of this.#users.entries()) {
      assert((pages ?? 0) === (used.get(number) ?? 0), "pages are counted by codec");
      if (pages > 0) assert(this.#codecs[number] !== undefined, "a codec stays while a page needs it");
    }
  }

  #add(chooser: CodecChooser): void {
    const bytes = chooser.memoryBytes();
    this.#charge(chooser.type, bytes);
    this.#frames.uncharge(this.#chooserBytes); // What the last chooser held beside its codecs is needed no more.
    this.#bytes += bytes - this.#chooserBytes;
    this.#chooserBytes = bytes;
    for (const codec of chooser.codecs) this.#chooserBytes -= codec.memoryBytes();
    this.#numbers = chooser.codecs.map((codec) => this.#numberFor(codec));
  }

  #charge(compressor: string, bytes: number): void {
    if (this.#frames.charge(bytes)) return;
    const { budgetBytes } = this.#frames;
    throw new TierError(
      "ZSWAP_NO_ROOM",
      `the buffers of compressor ${compressor} (${bytes} bytes) do not fit a memory of ${budgetBytes} bytes; give more memory.`,
      { compressor, bytes, budgetBytes },
    );
  }

  #numberFor(codec: Compressor): number {
    const free = this.#codecs.indexOf(undefined);
    const number = free < 0 ? this.#codecs.length : free;
    assert(number < CODECS_MAX, "the pages stored at one time have at most 256 codecs");
    this.#codecs[number] = codec;
    this.#users[number] = 0;
    return number;
  }

  /** Lets go of codecs that no page needs; the present ones stay. */
  #drop(): void {
    for (const [number, codec] of this.#codecs.entries()) {
      const isNeeded = number === this.#strong || this.#users[number]! > 0 || this.#numbers.includes(number);
      if (codec === undefined || isNeeded) continue;
      this.#frames.uncharge(codec.memoryBytes());
      this.#bytes -= codec.memoryBytes();
      this.#codecs[number] = undefined;
    }
  }
}

function pageOf({ input }: CodecChooser): Uint8Array {
  return input.subarray(0, PAGE_SIZE);
}

function wordsOf({ input }: CodecChooser): Uint32Array {
  const { buffer, byteOffset } = input;
  assert(byteOffset % 4 === 0, "a codec's input is aligned to words");
  return new Uint32Array(buffer, byteOffset, PAGE_SIZE / 4);
}
