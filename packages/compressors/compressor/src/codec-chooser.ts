import { type Counters, PAGE_SIZE, type PluginDescriptor } from "@pagetier/base";
import type { Compressor } from "./compressor.js";

/** Version of the chooser's contract; plugins state the one they were written for. */
export const CODEC_CHOOSER_CONTRACT = 1;

/**
 * Decides for each page which of several codecs compresses it, or that none should.
 *
 * The caller copies a page into {@link input}, calls {@link compress}, copies the result out of
 * `codecs[chosen].output`, and records `chosen` with it: a result is restored by that codec alone, which the caller calls
 * itself. What came before may change a decision, never a codec's bytes.
 *
 * Promises: the same pages in the same order lead to the same decisions, whatever is decompressed between them; a result
 * is what the chosen codec alone makes of the page; a wrong guess costs density or time, never a page.
 */
export interface CodecChooser {
  /** Name as recipes write it, e.g. `"adaptive"`. */
  readonly type: string;
  /** All codecs that results may be made by, at least one. The list and its codecs keep their identity. */
  readonly codecs: readonly Compressor[];
  /** Where the caller puts the page: the input of the first codec. `compress` leaves it as it was. */
  readonly input: Uint8Array;
  /** Position in {@link codecs} of the codec that made the last result. Undefined before the first, and after `INCOMPRESSIBLE`. */
  readonly chosen: number;
  /**
   * Compresses the page in `input[0 .. PAGE_SIZE)`.
   *
   * @returns length of the result in `codecs[chosen].output`, 1..PAGE_SIZE, valid until that codec's next call; or
   *   `INCOMPRESSIBLE` (0) when the page is best kept as it is
   */
  compress(): number;
  /** What was decided how often. Whole numbers. */
  counters(): Counters;
  /** Bytes of memory that this chooser holds, all its codecs included. */
  memoryBytes(): number;
}

/** A chooser is made from the codecs of its positions, by option name. */
export type CodecChooserPlugin<Parts, Options> = PluginDescriptor<Parts, Options, CodecChooser>;

/** Where a composition root finds what compresses the pages of a node: a chooser, or one codec. See {@link chooserOf}. */
export const CODEC_CHOOSER: unique symbol = Symbol.for("@pagetier/compressor/CodecChooser") as never;

/** The choice of one: every page goes to the same codec. */
class SingleCodec implements CodecChooser {
  readonly type: string;
  readonly codecs: readonly Compressor[];
  readonly input: Uint8Array;
  readonly chosen = 0;
  readonly #codec: Compressor;

  constructor(codec: Compressor) {
    this.type = codec.type;
    this.codecs = [codec];
    this.input = codec.input;
    this.#codec = codec;
  }

  compress(): number {
    return this.#codec.compress(PAGE_SIZE);
  }

  counters(): Counters {
    return {};
  }

  memoryBytes(): number {
    return this.#codec.memoryBytes();
  }
}

/** Makes one thing of both: a chooser is answered as it is, a codec as the choice of one. */
export function chooserOf(part: Compressor | CodecChooser): CodecChooser {
  return "codecs" in part ? part : new SingleCodec(part);
}
