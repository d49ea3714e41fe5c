// Traces made of traces. Each can be read as often as the one below it.

import { assert } from "@pagetier/base";
import { keyHash } from "./key-hash.js";
import { KeyMap } from "./key-map.js";
import { RunNumbers } from "./run-numbers.js";
import { BATCH_REQUESTS, BatchBuffer, type TraceBatch, type TraceReader } from "./trace.js";

export interface SampleOptions {
  /** Share of the keys, more than 0 and at most 1: all requests of a key are in the sample, or none (SHARDS). Default 1. */
  readonly rate?: number | undefined;
  /** Requests passed over at the beginning. Default 0. */
  readonly skip?: number | undefined;
  /** Requests looked at from there on. Default all. */
  readonly limit?: number | undefined;
}

/** A slice of a trace, a sample of its keys, or a sample of a slice. Times still count from the first request of the trace. */
export function sampleTrace(trace: TraceReader, { rate = 1, skip = 0, limit }: SampleOptions): TraceReader {
  assert(rate > 0 && rate <= 1, "a sample is more than nothing and at most all");
  const threshold = rate * 2 ** 32;
  const end = skip + (limit ?? Number.POSITIVE_INFINITY);
  return derivedFrom(trace, () => {
    let at = 0;
    return (batch, target) => {
      const first = Math.min(batch.length, Math.max(0, skip - at));
      const last = Math.min(batch.length, end - at);
      for (let index = first; index < last; index++) {
        if (rate === 1 || keyHash(batch.keys[index]!) < threshold) copyRequest(batch, index, target);
      }
      at += batch.length;
      return at < end;
    };
  });
}

/** The same requests for other keys, which are small and keep neighbours together: see {@link RunNumbers}. */
export function renumberTrace(trace: TraceReader): TraceReader {
  const numbers = new RunNumbers();
  return derivedFrom(trace, () => (batch, target) => {
    for (let index = 0; index < batch.length; index++) {
      copyRequest(batch, index, target);
      target.keys[index] = numbers.numberOf(batch.keys[index]!);
    }
    return true;
  });
}

/** Puts into the target what becomes of a batch. @returns whether more batches are wanted */
type Transformation = (batch: TraceBatch, target: BatchBuffer) => boolean;

/** @param begin makes the transformation of one reading */
function derivedFrom(trace: TraceReader, begin: () => Transformation): TraceReader {
  const keys = new KeyMap();
  const { name, format, compression, addresses } = trace;
  return {
    name,
    format,
    compression,
    addresses,
    total: undefined,
    keys,
    get position() {
      return trace.position;
    },
    get skipped() {
      return trace.skipped;
    },
    async *[Symbol.asyncIterator](): AsyncGenerator<TraceBatch, void, undefined> {
      const transform = begin();
      let target: BatchBuffer | undefined;
      for await (const batch of trace) {
        target ??= new BatchBuffer(BATCH_REQUESTS, { ops: batch.ops !== undefined, times: batch.times !== undefined });
        target.length = 0;
        const wantsMore = transform(batch, target);
        keys.numberAll(target.keys, target.pages, 0, target.length);
        if (target.length > 0) yield target;
        if (!wantsMore) return;
      }
    },
  };
}

function copyRequest({ keys, writes, ops, times }: TraceBatch, index: number, target: BatchBuffer): void {
  const to = target.length++;
  target.keys[to] = keys[index]!;
  target.writes[to] = writes[index]!;
  if (ops !== undefined) target.ops![to] = ops[index]!;
  if (times !== undefined) target.times![to] = times[index]!;
}
