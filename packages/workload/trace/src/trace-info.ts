import type { Compression } from "./input-error.js";
import { openTrace, type TraceOptions } from "./open-trace.js";
import type { TraceReader } from "./trace.js";

/** What one reading of a trace tells. */
export interface TraceInfo {
  readonly name: string;
  readonly format: string;
  readonly compression: Compression;
  readonly requests: number;
  /** Distinct keys: the pages that a replay touches. */
  readonly objects: number;
  readonly reads: number;
  readonly writes: number;
}

/**
 * Reads a trace to its end and counts. Given a reader, its keys are numbered afterwards, so that a following replay
 * knows how many pages it will touch.
 */
export async function traceInfo(trace: TraceReader | string, options: TraceOptions = {}): Promise<TraceInfo> {
  const reader = typeof trace === "string" ? await openTrace(trace, options) : trace;
  let requests = 0;
  let writes = 0;
  for await (const batch of reader) {
    requests += batch.length;
    for (let index = 0; index < batch.length; index++) writes += batch.writes[index]!;
  }
  return {
    name: reader.name,
    format: reader.format,
    compression: reader.compression,
    requests,
    objects: reader.keys.count,
    reads: requests - writes,
    writes,
  };
}
