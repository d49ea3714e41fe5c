// Made-up traces, for tests and first looks. Seeded: the same options give the same requests.

import { assert, createPrng, type Prng } from "@pagetier/base";
import { KeyMap } from "./key-map.js";
import { BatchBuffer, type TraceBatch, type TraceReader } from "./trace.js";

export type GeneratedKind = "zipf" | "uniform" | "sequential" | "loop";

export interface GenerateOptions {
  /**
   * `"zipf"`: the k-th most wanted key is asked for in proportion to 1 / k^skew, wanted keys lie scattered.
   * `"uniform"`: every key alike. `"sequential"`: 0, 1, 2, … without end. `"loop"`: 0 … pages - 1 again and again.
   */
  readonly kind: GeneratedKind;
  /** Keys to choose from, at least 1; nothing to `"sequential"`. */
  readonly pages: number;
  readonly requests: number;
  /** Share of writes, 0..100. Default 30. */
  readonly writePercent?: number;
  /** Of `"zipf"`. Default 1. */
  readonly skew?: number;
  /** Default 1. */
  readonly seed?: number;
}

/** Makes a trace. */
export function generateTrace(options: GenerateOptions): TraceReader {
  const { kind, pages, requests, writePercent = 30, skew = 1, seed = 1 } = options;
  assert(Number.isInteger(pages) && pages >= 1, "there is at least one key to choose from");
  assert(Number.isInteger(requests) && requests >= 1, "there is at least one request");
  assert(writePercent >= 0 && writePercent <= 100, "the share of writes is 0 to 100 percent");
  const keys = new KeyMap();
  return {
    name: `${kind} of ${pages} pages`,
    format: "generated",
    compression: "none",
    addresses: "keys",
    total: requests,
    keys,
    async *[Symbol.asyncIterator](): AsyncGenerator<TraceBatch, void, undefined> {
      const prng = createPrng(seed);
      const next = chooser(kind, pages, skew, prng);
      const writeBelow = (writePercent / 100) * 4294967296;
      const batch = new BatchBuffer();
      for (let done = 0; done < requests; done += batch.length) {
        batch.length = Math.min(batch.capacity, requests - done);
        for (let index = 0; index < batch.length; index++) {
          batch.keys[index] = next(done + index);
          batch.writes[index] = prng.u32() < writeBelow ? 1 : 0;
        }
        keys.numberAll(batch.keys, batch.pages, 0, batch.length);
        yield batch;
      }
    },
  };
}

function chooser(kind: GeneratedKind, pages: number, skew: number, prng: Prng): (request: number) => number {
  if (kind === "sequential") return (request) => request;
  if (kind === "loop") return (request) => request % pages;
  if (kind === "uniform") return () => prng.below(pages);
  const keyOfRank = shuffled(pages, prng);
  const upTo = zipfSums(pages, skew);
  const whole = upTo[pages - 1]!;
  return () => keyOfRank[firstAbove(upTo, prng.unit() * whole)]!;
}

/** Sums of the weights of ranks 0..k. */
function zipfSums(pages: number, skew: number): Float64Array {
  const sums = new Float64Array(pages);
  let sum = 0;
  for (let rank = 0; rank < pages; rank++) {
    sum += (rank + 1) ** -skew;
    sums[rank] = sum;
  }
  return sums;
}

/** Index of the first sum above `value`, which is below the last one. */
function firstAbove(sums: Float64Array, value: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sums[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** 0..length - 1 in an order of the generator's choice (Fisher and Yates). */
function shuffled(length: number, prng: Prng): Uint32Array {
  const order = Uint32Array.from({ length }, (_, index) => index);
  for (let last = length - 1; last > 0; last--) {
    const other = prng.below(last + 1);
    const kept = order[last]!;
    order[last] = order[other]!;
    order[other] = kept;
  }
  return order;
}
