// Made-up traces, for tests, first looks, and questions that no recorded trace answers. Seeded: the same options give the
// same requests.

import { assert, createPrng, type Prng } from "@pagetier/base";
import { Arrivals } from "./generators/arrivals.js";
import { Lifetimes } from "./generators/lifetimes.js";
import { ZipfKeys } from "./generators/zipf.js";
import { KeyMap } from "./key-map.js";
import { BATCH_REQUESTS, BatchBuffer, REQUEST_OPS, type TraceBatch, type TraceReader } from "./trace.js";

/** Kinds of generated traces, each in one sentence. */
export const GENERATED_KINDS = {
  zipf: "the k-th most wanted page is asked for in proportion to 1 / k^skew; wanted pages lie scattered",
  uniform: "every page alike",
  sequential: "0, 1, 2, … without end",
  loop: "all pages in order, again and again",
  "scan-mix": "zipf, interrupted by scans through pages that are hardly wanted again",
  phases: "zipf, whose pages are exchanged for others at each phase, but for some that stay",
  steps: "uniform in a working set that grows to all pages in steps, and shrinks again",
  burst: "zipf that comes in bursts, with silence between them",
} as const;
export type GeneratedKind = keyof typeof GENERATED_KINDS;

export interface GenerateOptions {
  readonly kind: GeneratedKind;
  /** Pages to choose from, at least 1; nothing to `"sequential"`. */
  readonly pages: number;
  /** Reads and writes. */
  readonly requests: number;
  /** Share of writes, 0..100. Default 30. */
  readonly writePercent?: number | undefined;
  /** Of zipf. Default 1. */
  readonly skew?: number | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
  /** Of `"scan-mix"`: share of requests that belong to scans, 1..99. Default 20. */
  readonly scanPercent?: number | undefined;
  /** Of `"scan-mix"`: pages that scans go through before they begin anew. Default 4 * pages. */
  readonly scanPages?: number | undefined;
  /** Of `"phases"`. Default 4. */
  readonly phases?: number | undefined;
  /** Of `"phases"`: share of pages that stay, 0..100. Default 10. */
  readonly keepPercent?: number | undefined;
  /** Of `"steps"`: sizes of the working set from the smallest to all pages. Default 4. */
  readonly steps?: number | undefined;
  /** Of `"burst"`. Default 10000. */
  readonly burstRequests?: number | undefined;
  /** Of `"burst"`: silence between two bursts. Default 100. */
  readonly idleMs?: number | undefined;
  /** Gives requests arrival times. Default: none, and 100000 for `"burst"`. */
  readonly requestsPerSecond?: number | undefined;
  /** Frees each page so many requests after its first touch, on average; its next touch is a first one again. Default: never. */
  readonly lifetime?: number | undefined;
}

const SCAN_RUN_PAGES = 256;
const BURST_REQUESTS_PER_SECOND = 100_000;

/** Makes a trace. */
export function generateTrace(options: GenerateOptions): TraceReader {
  assertMakeable(options);
  const { kind, pages, requests, lifetime } = options;
  const keys = new KeyMap();
  return {
    name: `${kind} of ${pages} pages`,
    format: "generated",
    compression: "none",
    addresses: "keys",
    total: lifetime === undefined ? requests : undefined,
    keys,
    async *[Symbol.asyncIterator](): AsyncGenerator<TraceBatch, void, undefined> {
      const generator = new Generator(options);
      const batch = new BatchBuffer(BATCH_REQUESTS, { ops: generator.hasFrees, times: generator.hasTimes });
      while (generator.fill(batch)) {
        keys.numberAll(batch.keys, batch.pages, 0, batch.length);
        yield batch;
      }
    },
  };
}

function assertMakeable(options: GenerateOptions): void {
  const { pages, requests, writePercent = 0, scanPercent = 1, keepPercent = 0 } = options;
  assert(Number.isInteger(pages) && pages >= 1, "there is at least one key to choose from");
  assert(Number.isInteger(requests) && requests >= 1, "there is at least one request");
  assert(writePercent >= 0 && writePercent <= 100, "the share of writes is 0 to 100 percent");
  assert(scanPercent > 0 && scanPercent < 100, "the share of scans is more than 0 and less than 100 percent");
  assert(keepPercent >= 0 && keepPercent <= 100, "the share of pages that stay is 0 to 100 percent");
  for (const count of [options.scanPages, options.phases, options.steps, options.burstRequests]) {
    assert(count === undefined || (Number.isInteger(count) && count >= 1), "what is counted is at least 1");
  }
  for (const amount of [options.idleMs, options.requestsPerSecond, options.lifetime]) {
    assert(amount === undefined || amount > 0, "times and lifetimes are more than 0");
  }
}

/** One run through the requests of a trace. */
class Generator {
  readonly #requests: number;
  readonly #nextKey: (request: number) => number;
  readonly #prng: Prng;
  readonly #writeBelow: number;
  readonly #arrivals: Arrivals | undefined;
  readonly #lifetimes: Lifetimes | undefined;
  #done = 0;
  /** Arrival of the request that is made next. */
  #ns = 0;

  constructor(options: GenerateOptions) {
    const { kind, requests, writePercent = 30, seed = 1, burstRequests = 10_000, idleMs = 100, lifetime } = options;
    const isBurst = kind === "burst";
    const rate = options.requestsPerSecond ?? (isBurst ? BURST_REQUESTS_PER_SECOND : undefined);
    const bursts = isBurst ? { requests: burstRequests, idleMs } : undefined;
    this.#requests = requests;
    this.#prng = createPrng(seed);
    this.#nextKey = chooser(options, this.#prng);
    this.#writeBelow = (writePercent / 100) * 4294967296;
    // Each with numbers of its own, so that keys do not change with them.
    this.#arrivals = rate === undefined ? undefined : new Arrivals(rate, bursts, createPrng(seed + 1));
    this.#lifetimes = lifetime === undefined ? undefined : new Lifetimes(lifetime, createPrng(seed + 2));
    this.#ns = this.#arrivals?.next() ?? 0;
  }

  get hasTimes(): boolean {
    return this.#arrivals !== undefined;
  }

  get hasFrees(): boolean {
    return this.#lifetimes !== undefined;
  }

  /** @returns whether there is anything in the batch */
  fill(batch: BatchBuffer): boolean {
    let index = 0;
    while (index < batch.capacity && this.#done < this.#requests) {
      const ended = this.#lifetimes?.nextEnded(this.#done) ?? -1;
      if (ended >= 0) this.#put(batch, index++, ended, REQUEST_OPS.free);
      else {
        const key = this.#nextKey(this.#done);
        this.#put(batch, index++, key, this.#prng.u32() < this.#writeBelow ? REQUEST_OPS.write : REQUEST_OPS.read);
        this.#lifetimes?.touch(key, this.#done);
        this.#done++;
        if (this.#arrivals !== undefined) this.#ns = this.#arrivals.next();
      }
    }
    batch.length = index;
    return index > 0;
  }

  #put(batch: BatchBuffer, index: number, key: number, op: number): void {
    const { ops, times } = batch;
    batch.keys[index] = key;
    batch.writes[index] = op & 1;
    if (ops !== undefined) ops[index] = op;
    if (times !== undefined) times[index] = this.#ns;
  }
}

/** The function that chooses the key of each request. */
function chooser(options: GenerateOptions, prng: Prng): (request: number) => number {
  const { kind, pages, requests, skew = 1 } = options;
  if (kind === "sequential") return (request) => request;
  if (kind === "loop") return (request) => request % pages;
  if (kind === "uniform") return () => prng.below(pages);
  if (kind === "steps") return stepChooser(pages, requests, options.steps ?? 4, prng);
  const zipf = new ZipfKeys(pages, skew, prng);
  if (kind === "scan-mix") return scanChooser(zipf, options);
  if (kind === "phases") return phaseChooser(zipf, options);
  return () => zipf.next();
}

/** Scans of SCAN_RUN_PAGES pages each; what is scanned lies behind the other pages. */
function scanChooser(
  zipf: ZipfKeys,
  { pages, scanPercent = 20, scanPages }: GenerateOptions,
): (request: number) => number {
  const range = scanPages ?? 4 * pages;
  const run = Math.min(SCAN_RUN_PAGES, range);
  const cycle = Math.max(run + 1, Math.round((run * 100) / scanPercent));
  let scanned = 0;
  return (request) => (request % cycle >= cycle - run ? pages + (scanned++ % range) : zipf.next());
}

function phaseChooser(zipf: ZipfKeys, options: GenerateOptions): (request: number) => number {
  const { pages, requests, phases = 4, keepPercent = 10 } = options;
  const length = Math.ceil(requests / phases);
  return (request) => {
    const key = zipf.next();
    return key % 100 < keepPercent ? key : Math.floor(request / length) * pages + key;
  };
}

/** Sizes 1, 2, … steps, … 2, 1 parts of all pages. */
function stepChooser(pages: number, requests: number, steps: number, prng: Prng): (request: number) => number {
  const length = Math.ceil(requests / (2 * steps - 1));
  return (request) => {
    const step = Math.floor(request / length);
    const parts = Math.min(step + 1, 2 * steps - 1 - step);
    return prng.below(Math.max(1, Math.round((pages * parts) / steps)));
  };
}
