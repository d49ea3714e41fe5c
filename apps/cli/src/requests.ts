import type { TraceReader } from "@pagetier/trace";
import type { ShardsSampler } from "./shards.js";
import { cpuUsSince } from "./simulate-policy.js";

/** A trace, read. */
export interface Requests {
  /**
   * Dense ids in order of request: of all requests, or of the sampled ones. `undefined`: there are more than
   * {@link IDS_MAX}, so that the trace has to be read again.
   */
  readonly ids: Uint32Array | undefined;
  /** Requests of the trace. */
  readonly requests: number;
  /** Distinct keys of the trace. */
  readonly objects: number;
  /** What reading alone took. */
  readonly readingCpuUs: number;
}

/** Ids that are kept: 128 MiB of them. */
export const IDS_MAX = 2 ** 25;

/**
 * Reads a trace once.
 *
 * @param sampler with one only the sampled requests are kept, all of them
 * @param idsMax ids that are kept at most, else none
 */
export async function readRequests(
  trace: TraceReader,
  sampler: ShardsSampler | undefined,
  idsMax: number,
  onProgress: (done: number) => void,
  signal: AbortSignal,
): Promise<Requests> {
  const start = process.cpuUsage();
  const most = sampler === undefined ? idsMax : Number.POSITIVE_INFINITY;
  const expected = sampler === undefined ? (trace.total ?? 0) : 0;
  let ids = expected > most ? undefined : new GrowingIds(expected);
  let requests = 0;
  for await (const { pages, keys, length } of trace) {
    if (sampler === undefined) ids?.addAll(pages, length);
    else {
      const sampled = sampler.sample(keys, length);
      ids?.addAll(sampler.sampled, sampled);
    }
    if (ids !== undefined && ids.length > most) ids = undefined;
    requests += length;
    onProgress(requests);
    signal.throwIfAborted();
  }
  const kept = ids?.finished();
  return { ids: kept, requests, objects: trace.keys.count, readingCpuUs: cpuUsSince(start) };
}

/** Ids of a chunk. */
const CHUNK_IDS = 1 << 20;

/** Ids whose number is known at the end: 4 bytes each, and twice that for a moment when it was not known before. */
class GrowingIds {
  #full: Uint32Array[] = [];
  #chunk: Uint32Array;
  #length = 0;

  #before = 0;

  /** @param expected ids; 0: not known */
  constructor(expected: number) {
    this.#chunk = new Uint32Array(expected > 0 ? expected : CHUNK_IDS);
  }

  get length(): number {
    return this.#before + this.#length;
  }

  addAll(ids: Uint32Array, count: number): void {
    for (let from = 0; from < count; ) {
      if (this.#length === this.#chunk.length) {
        this.#full.push(this.#chunk);
        this.#before += this.#length;
        this.#chunk = new Uint32Array(CHUNK_IDS);
        this.#length = 0;
      }
      const to = Math.min(count, from + this.#chunk.length - this.#length);
      this.#chunk.set(ids.subarray(from, to), this.#length);
      this.#length += to - from;
      from = to;
    }
  }

  finished(): Uint32Array {
    const last = this.#chunk.subarray(0, this.#length);
    if (this.#full.length === 0) return last;
    const chunks = [...this.#full, last];
    const joined = new Uint32Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of chunks) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    this.#full = [];
    return joined;
  }
}
