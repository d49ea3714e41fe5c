// A workload in memory: every request of a slice, what pages hold, and how large the working set is.
//
// Experiments run the same slice hundreds of times, so it is read once. The first part warms memory up and is not
// measured; the working set is the number of distinct pages of the part that is.

import { fileURLToPath } from "node:url";
import { assert, createPrng, PAGE_SIZE } from "@pagetier/base";
import {
  BATCH_REQUESTS,
  generateTrace,
  KeyMap,
  openPages,
  openTrace,
  type PageFile,
  REQUEST_OPS,
  RUN_PAGES,
  type TraceBatch,
  type TraceReader,
} from "@pagetier/trace";

const DATA = new URL("../../../../data/", import.meta.url);

/** Where requests come from. */
export type RequestSource =
  | { readonly file: string }
  | {
      readonly zipf: {
        readonly pages: number;
        readonly skew: number;
        readonly writePercent: number;
        /** Requests after which another part of the pages is wanted; left out: never. */
        readonly shiftEvery?: number;
        /** Pages live for so many requests on average, are then freed, and come back new; left out: for ever. */
        readonly lifetime?: number;
      };
    };

/** A workload as data. */
export interface WorkloadSpec {
  readonly name: string;
  readonly requests: RequestSource;
  /** A page file, `"incompressible"`, or a mixture in which so many per cent of runs of pages are incompressible. */
  readonly pages: string | { readonly file: string; readonly incompressiblePercent: number };
  /** Requests before those that are measured, and those that are. */
  readonly warmUp: number;
  readonly measured: number;
  /** Share of the pages that belong to a file, 0..100: each run of 64 neighbours belongs to one kind. */
  readonly filePercent?: number;
}

/** A workload, read. */
export interface Workload {
  readonly spec: WorkloadSpec;
  readonly pages: PageFile;
  /** Requests: dense page number, key of the trace, and kind (`REQUEST_OPS`). */
  readonly page: Uint32Array;
  readonly key: Float64Array;
  readonly op: Uint8Array;
  readonly objects: number;
  readonly warmUp: number;
  /** Distinct pages of the measured part. */
  readonly workingSet: number;
  /** Per page, 1 if it belongs to a file; `undefined`: all are anonymous. */
  readonly isFile: Uint8Array | undefined;
}

export async function loadWorkload(spec: WorkloadSpec): Promise<Workload> {
  const length = spec.warmUp + spec.measured;
  const { page, key, op, objects } = await requestsOf(spec.requests, length);
  const seen = new Uint8Array(objects);
  let workingSet = 0;
  for (let index = Math.min(spec.warmUp, page.length); index < page.length; index++) {
    if (seen[page[index]!] !== 0) continue;
    seen[page[index]!] = 1;
    workingSet++;
  }
  assert(page.length > spec.warmUp, "the trace is longer than its warm-up");
  const isFile = spec.filePercent === undefined ? undefined : kindsOf(page, key, objects, spec.filePercent);
  const pages = await pagesOf(spec.pages);
  return { spec, pages, page, key, op, objects, warmUp: spec.warmUp, workingSet, isFile };
}

/** Which pages belong to the file: whole runs of neighbouring keys, evenly. */
function kindsOf(page: Uint32Array, key: Float64Array, objects: number, percent: number): Uint8Array {
  const isFile = new Uint8Array(objects);
  for (let index = 0; index < page.length; index++) {
    const run = Math.floor(key[index]! / RUN_PAGES);
    if ((run * 37) % 100 < percent) isFile[page[index]!] = 1;
  }
  return isFile;
}

/** The workload as a trace to replay. */
export function readerOf({ spec, page, key, op }: Workload): TraceReader {
  const keys = new KeyMap();
  keys.numberAll(key, new Uint32Array(key.length), 0, key.length);
  const hasFrees = op.includes(REQUEST_OPS.free);
  return {
    name: spec.name,
    format: "generated",
    compression: "none",
    addresses: "memory",
    total: page.length,
    keys,
    async *[Symbol.asyncIterator](): AsyncGenerator<TraceBatch, void, undefined> {
      for (let start = 0; start < page.length; start += BATCH_REQUESTS) {
        const end = Math.min(page.length, start + BATCH_REQUESTS);
        const ops = op.subarray(start, end);
        yield {
          length: end - start,
          pages: page.subarray(start, end),
          keys: key.subarray(start, end),
          writes: hasFrees ? ops.map((each) => (each === REQUEST_OPS.write ? 1 : 0)) : ops,
          ops: hasFrees ? ops : undefined,
        };
      }
    },
  };
}

interface Requests {
  readonly page: Uint32Array;
  readonly key: Float64Array;
  readonly op: Uint8Array;
  readonly objects: number;
}

function requestsOf(source: RequestSource, length: number): Promise<Requests> {
  if ("file" in source) return collect(openTrace(pathOf(source.file), { limit: length }), length);
  const { shiftEvery, lifetime, pages, skew, writePercent } = source.zipf;
  const trace = generateTrace({ kind: "zipf", pages, requests: length, skew, writePercent });
  if (shiftEvery === undefined && lifetime === undefined) return collect(Promise.resolve(trace), length);
  return collect(Promise.resolve(trace), length).then((requests) => {
    const shifted = shiftEvery === undefined ? requests : shift(requests, pages, shiftEvery);
    return lifetime === undefined ? shifted : withLifetimes(shifted, lifetime);
  });
}

async function collect(opening: Promise<TraceReader>, length: number): Promise<Requests> {
  const trace = await opening;
  const page = new Uint32Array(length);
  const key = new Float64Array(length);
  const op = new Uint8Array(length);
  let filled = 0;
  for await (const batch of trace) {
    const count = Math.min(batch.length, length - filled);
    page.set(batch.pages.subarray(0, count), filled);
    key.set(batch.keys.subarray(0, count), filled);
    op.set(batch.writes.subarray(0, count), filled);
    filled += count;
    if (filled === length) break;
  }
  return {
    page: page.subarray(0, filled),
    key: key.subarray(0, filled),
    op: op.subarray(0, filled),
    objects: trace.keys.count,
  };
}

/** After every so many requests the pages that were wanted most are wanted least, and half as many others come up. */
function shift(requests: Requests, pages: number, every: number): Requests {
  const key = requests.key.map((each, index) => (each + Math.floor(index / every) * Math.floor(pages / 2)) % pages);
  return numbered(key, requests.op);
}

/** Frees each page some time after its first touch; its next touch begins a new life. Lifetimes are exponential: many die young. */
function withLifetimes(requests: Requests, lifetime: number): Requests {
  const prng = createPrng(7);
  const length = requests.page.length;
  const alive = new Uint8Array(requests.objects);
  const dying: (number[] | undefined)[] = new Array(length);
  const key: number[] = [];
  const op: number[] = [];
  for (let index = 0; index < length; index++) {
    for (const old of dying[index] ?? []) {
      alive[requests.page[old]!] = 0;
      key.push(requests.key[old]!);
      op.push(REQUEST_OPS.free);
    }
    dying[index] = undefined;
    const page = requests.page[index]!;
    if (alive[page] === 0) {
      alive[page] = 1;
      const death = index + Math.max(1, Math.ceil(-lifetime * Math.log(1 - prng.unit())));
      const others = dying[death];
      if (others !== undefined) others.push(index);
      else if (death < length) dying[death] = [index];
    }
    key.push(requests.key[index]!);
    op.push(requests.op[index]!);
  }
  return numbered(Float64Array.from(key), Uint8Array.from(op));
}

function numbered(key: Float64Array, op: Uint8Array): Requests {
  const keys = new KeyMap();
  const page = new Uint32Array(key.length);
  keys.numberAll(key, page, 0, key.length);
  return { page, key, op, objects: keys.count };
}

async function pagesOf(pages: WorkloadSpec["pages"]): Promise<PageFile> {
  if (pages === "incompressible") return noise(64 * 24);
  if (typeof pages === "string") return openPages(pathOf(pages));
  const file = await openPages(pathOf(pages.file));
  const bytes = file.bytes.slice();
  const runBytes = 64 * PAGE_SIZE;
  const runs = Math.floor(bytes.length / runBytes);
  const random = noise(64).bytes;
  for (let run = 0; run < runs; run++) {
    if (((run * 37) % runs) / runs < pages.incompressiblePercent / 100) bytes.set(random, run * runBytes);
  }
  return { name: `${file.name} with ${pages.incompressiblePercent} % noise`, pages: file.pages, bytes };
}

function noise(pages: number): PageFile {
  const words = new Uint32Array((pages * PAGE_SIZE) / 4);
  const prng = createPrng(3);
  for (let index = 0; index < words.length; index++) words[index] = prng.u32();
  return { name: "noise", pages, bytes: new Uint8Array(words.buffer) };
}

function pathOf(file: string): string {
  return file.includes("/") ? file : fileURLToPath(new URL(file, DATA));
}
