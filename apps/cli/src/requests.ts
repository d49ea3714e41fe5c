import type { TraceReader } from "@pagetier/trace";
import type { ShardsSampler } from "./shards.js";

/** A trace, read. */
export interface Requests {
  /** Dense ids in order of request: of all requests, or of the sampled ones. */
  readonly ids: Uint32Array;
  /** Requests of the trace. */
  readonly requests: number;
  /** Distinct keys of the trace. */
  readonly objects: number;
}

/** Reads a trace once. With a sampler only the sampled requests are kept. */
export async function readRequests(
  trace: TraceReader,
  sampler: ShardsSampler | undefined,
  onProgress: (done: number, total: number | undefined) => void,
  signal: AbortSignal,
): Promise<Requests> {
  const ids = new GrowingIds(sampler === undefined ? trace.total : undefined);
  let requests = 0;
  for await (const { pages, keys, length } of trace) {
    if (sampler === undefined) ids.addAll(pages, length);
    else {
      const sampled = sampler.sample(keys, length);
      ids.addAll(sampler.sampled, sampled);
    }
    requests += length;
    onProgress(requests, trace.total);
    signal.throwIfAborted();
  }
  return { ids: ids.finished(), requests, objects: trace.keys.count };
}

/** Ids of a chunk. */
const CHUNK_IDS = 1 << 20;
/** What a file claims to hold is believed up to here (1 GiB of ids). */
const FIRST_CHUNK_IDS_MAX = 2 ** 28;

/** Ids whose number is known at the end: 4 bytes each, and twice that for a moment when it was not known before. */
class GrowingIds {
  #full: Uint32Array[] = [];
  #chunk: Uint32Array;
  #length = 0;

  /** @param expected ids, when known */
  constructor(expected: number | undefined) {
    this.#chunk = new Uint32Array(Math.min(expected ?? CHUNK_IDS, FIRST_CHUNK_IDS_MAX));
  }

  addAll(ids: Uint32Array, count: number): void {
    for (let from = 0; from < count; ) {
      if (this.#length === this.#chunk.length) {
        this.#full.push(this.#chunk);
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
