import type { Compression } from "./input-error.js";
import { openTrace, type TraceOptions } from "./open-trace.js";
import { REQUEST_OPS, type TraceAddresses, type TraceReader } from "./trace.js";

/** What one reading of a trace tells. */
export interface TraceInfo {
  readonly name: string;
  readonly format: string;
  readonly compression: Compression;
  readonly addresses: TraceAddresses;
  /** Reads, writes and frees. */
  readonly requests: number;
  /** Distinct keys: the pages that a replay touches. */
  readonly objects: number;
  readonly reads: number;
  readonly writes: number;
  readonly frees: number;
  /** From the first arrival to the latest; `undefined`: the format has no times. */
  readonly durationMs: number | undefined;
  /** The smallest and the largest key. */
  readonly keys: { readonly least: number; readonly most: number } | undefined;
  /** What was left out, by a plural noun. */
  readonly skipped: Readonly<Record<string, number>>;
}

/**
 * Reads a trace to its end and counts. Given a reader, its keys are numbered afterwards, so that a following replay
 * knows how many pages it will touch.
 *
 * @param onBatch called with the requests of each batch; may throw to give up
 */
export async function traceInfo(
  trace: TraceReader | string,
  options: TraceOptions = {},
  onBatch?: (requests: number) => void,
): Promise<TraceInfo> {
  const reader = typeof trace === "string" ? await openTrace(trace, options) : trace;
  let requests = 0;
  let writes = 0;
  let frees = 0;
  let latest: number | undefined;
  for await (const batch of reader) {
    const { length, ops, times } = batch;
    requests += length;
    for (let index = 0; index < length; index++) writes += batch.writes[index]!;
    if (ops !== undefined) for (let index = 0; index < length; index++) if (ops[index] === REQUEST_OPS.free) frees++;
    if (times !== undefined) {
      latest ??= 0;
      for (let index = 0; index < length; index++) if (times[index]! > latest) latest = times[index]!;
    }
    onBatch?.(length);
  }
  return {
    name: reader.name,
    format: reader.format,
    compression: reader.compression,
    addresses: reader.addresses,
    requests,
    objects: reader.keys.count,
    reads: requests - writes - frees,
    writes,
    frees,
    durationMs: latest === undefined ? undefined : latest / 1e6,
    keys: rangeOf(reader),
    skipped: reader.skipped ?? {},
  };
}

function rangeOf({ keys }: TraceReader): TraceInfo["keys"] {
  if (keys.count === 0) return undefined;
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (let number = 0; number < keys.count; number++) {
    const key = keys.keyOf(number);
    if (key < least) least = key;
    if (key > most) most = key;
  }
  return { least, most };
}
