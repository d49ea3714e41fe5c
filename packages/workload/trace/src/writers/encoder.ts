import type { TraceBatch } from "../trace.js";
import type { Output } from "./output.js";

/** Turns requests into bytes. */
export interface TraceEncoder {
  /** Whether the format has room for these; what it has no room for is left out and counted. */
  readonly hasTimes: boolean;
  readonly hasFrees: boolean;
  readonly hasWrites: boolean;
  /** Bytes before the first request. */
  head(): Uint8Array;
  /** The requests of a batch; the bytes are valid until the next call. Frees are in it only if `hasFrees`. */
  encode(batch: TraceBatch): Uint8Array;
  /** Bytes behind the last request. */
  tail(): Uint8Array;
  /** Changes what was written, when all of it is there. */
  revise?(output: Output): Promise<void>;
}

export const NO_BYTES: Uint8Array = new Uint8Array(0);
