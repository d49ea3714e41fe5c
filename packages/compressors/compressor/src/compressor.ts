import { PAGE_SIZE, type PluginDescriptor, TierError } from "@pagetier/base";

/** Version of this contract; plugins state the one they were written for. */
export const COMPRESSOR_CONTRACT = 1;

/** What {@link Compressor.compress} answers when the result would not be shorter than the limit. Never a length. */
export const INCOMPRESSIBLE = 0;

/** Least length of {@link Compressor.input}, in bytes: two pages, the most that a pool's `readAround` fills. */
export const COMPRESSOR_INPUT_BYTES = 2 * PAGE_SIZE;

/**
 * A synchronous codec for single pages over two buffers of its own.
 *
 * The caller copies bytes into {@link input}, calls, and copies the result out of {@link output}; ranges are integers,
 * so that no call makes a view or any other garbage. Both buffers keep their identity and length for the codec's whole
 * life (a WebAssembly memory that grows would detach them: it must not).
 *
 * Promises: what `compress` produced, `decompress` restores byte for byte; output depends on the bytes and the options
 * alone, never on earlier calls; ranges outside the buffers fail an assertion; corrupt input to `decompress` ends in
 * `COMPRESSOR_CORRUPT` or (where the format has no checksum) in a page of the recorded length with other bytes, and never
 * in a crash, a hang or a write outside `output`.
 */
export interface Compressor {
  /** Name as recipes write it, e.g. `"lz4"`. */
  readonly type: string;
  /** Where the caller puts bytes. At least {@link COMPRESSOR_INPUT_BYTES} long. `compress` and `decompress` leave it as it was. */
  readonly input: Uint8Array;
  /** Where results appear. Exactly `PAGE_SIZE` long; valid until the next call. */
  readonly output: Uint8Array;
  /**
   * Compresses `input[0 .. length)`.
   *
   * @param length 1..PAGE_SIZE bytes
   * @returns length of the result in `output`, 1..length, or {@link INCOMPRESSIBLE} (0) when there is none so short
   *   (`output` is then undefined). Only the null codec answers `length` itself.
   */
  compress(length: number): number;
  /**
   * Restores what `input[start .. start + length)` holds.
   *
   * @param start first byte, 0..input.length - length
   * @param length 1..PAGE_SIZE bytes
   * @returns length of the restored bytes in `output`, 1..PAGE_SIZE
   * @throws TierError COMPRESSOR_CORRUPT when the bytes are no whole result of this codec
   */
  decompress(start: number, length: number): number;
  /** Bytes of memory that this codec holds: buffers, tables, WebAssembly pages. */
  memoryBytes(): number;
}

/** A compressor needs nothing from the stack. */
export type CompressorPlugin<Options> = PluginDescriptor<object, Options, Compressor>;

/** Where a composition root finds the compressor of a node. (A tsyringe token; contracts need no container.) */
export const COMPRESSOR: unique symbol = Symbol.for("@pagetier/compressor/Compressor") as never;

/** The error for bytes that this codec did not produce. */
export function compressorCorrupt(type: string, reason: string, length: number, cause?: unknown): TierError {
  return new TierError(
    "COMPRESSOR_CORRUPT",
    `${type}: ${length} stored bytes cannot be decompressed: ${reason}.`,
    { type, length },
    { cause },
  );
}
