import { TierError } from "@pagetier/base";
import { DEVICE_KEYS, DEVICES_MAX, PageRequests } from "../formats/page-requests.js";
import { KeyMap } from "../key-map.js";
import {
  BATCH_REQUESTS,
  BatchBuffer,
  REQUEST_OPS,
  type TraceAddresses,
  type TraceBatch,
  type TraceReader,
} from "../trace.js";
import { Container } from "./container-reader.js";
import { CONTAINER_OPS } from "./layout.js";
import type { OperationBatch } from "./operations.js";

export interface ContainerTraceOptions {
  readonly limit: number;
  readonly frees: boolean;
  readonly numbered: boolean;
}

const { read, write, writePart, free, alloc, truncate, fsync, exit, preset } = CONTAINER_OPS;

/** What is no request for a page, by operation. */
const LEFT_OUT: ReadonlyMap<number, string> = new Map([
  [alloc, "allocations"],
  [truncate, "truncations"],
  [fsync, "syncs"],
  [exit, "exits"],
  [preset, "pages of files before the beginning"],
]);

/** The requests of a container, for those who do not need its contents. Spaces are devices. */
export async function openContainerTrace(path: string, options: ContainerTraceOptions): Promise<TraceReader> {
  const container = await Container.open(path);
  // A packed one would have to be read whole for its end.
  const counts = container.compression === "none" ? (await container.totals()).counts : undefined;
  const requests = counts === undefined || options.frees ? undefined : counts.read + counts.write;
  return new ContainerTrace(container, requests, await addressesOf(container), options);
}

/** Blocks, if the spaces that come first are files. */
async function addressesOf(container: Container): Promise<TraceAddresses> {
  const reading = container.read({ limit: 1, contents: false });
  for await (const _ of reading) break;
  return reading.spaces.length > 0 && reading.spaces.every(({ kind }) => kind === "file") ? "blocks" : "memory";
}

class ContainerTrace implements TraceReader {
  readonly format = "container";
  readonly keys = new KeyMap();
  readonly total: number | undefined;
  skipped: Readonly<Record<string, number>> = {};
  readonly #container: Container;
  readonly #options: ContainerTraceOptions;

  constructor(
    container: Container,
    requests: number | undefined,
    readonly addresses: TraceAddresses,
    options: ContainerTraceOptions,
  ) {
    this.#container = container;
    this.#options = options;
    this.total = requests === undefined ? undefined : Math.min(requests, options.limit);
  }

  get name(): string {
    return this.#container.name;
  }

  get compression(): TraceReader["compression"] {
    return this.#container.compression;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TraceBatch, void, undefined> {
    const { limit, frees, numbered } = this.#options;
    const batch = new BatchBuffer(BATCH_REQUESTS, { ops: frees, times: true });
    const requests = new OperationRequests(this.name);
    let done = 0;
    const close = (): void => {
      batch.length = Math.min(batch.length, limit - done);
      if (numbered) this.keys.numberAll(batch.keys, batch.pages, 0, batch.length);
      done += batch.length;
    };
    try {
      for await (const operations of this.#container.read({ contents: false })) {
        for (let index = 0; index < operations.length; index++) {
          let room = requests.add(operations, index, batch);
          while (!room) {
            close();
            yield batch;
            if (done >= limit) return;
            batch.length = 0;
            room = requests.drain(batch);
          }
        }
      }
      close();
      if (batch.length > 0) yield batch;
    } finally {
      this.skipped = requests.skipped();
    }
    if (done > 0) return;
    throw new TierError("TRACE_EMPTY", `The trace ${this.name} holds no request; make or fetch it again.`, {
      path: this.name,
    });
  }
}

/** Operations as requests. */
class OperationRequests {
  readonly #path: string;
  readonly #requests = new PageRequests();
  readonly #leftOut = new Map<string, number>();
  #startNs = -1;

  constructor(path: string) {
    this.#path = path;
  }

  /** @returns whether there is room for more */
  add({ ops, spaces, pages, counts, times }: OperationBatch, index: number, batch: BatchBuffer): boolean {
    const op = ops[index]!;
    const why = LEFT_OUT.get(op);
    if (why !== undefined) {
      this.#leftOut.set(why, (this.#leftOut.get(why) ?? 0) + 1);
      return true;
    }
    const space = spaces[index]!;
    if (space >= DEVICES_MAX) {
      throw new TierError(
        "TRACE_FORMAT",
        `The trace ${this.#path} has more than ${DEVICES_MAX} spaces; replay it as it is.`,
        {
          path: this.#path,
        },
      );
    }
    if (this.#startNs < 0) this.#startNs = times[index]!;
    const key = space * DEVICE_KEYS + pages[index]!;
    return this.#requests.add(batch, key, counts[index]!, requestOf(op), times[index]! - this.#startNs);
  }

  drain(batch: BatchBuffer): boolean {
    return this.#requests.drain(batch);
  }

  skipped(): Record<string, number> {
    const frees = this.#requests.frees;
    return { ...(frees > 0 ? { frees } : {}), ...Object.fromEntries(this.#leftOut) };
  }
}

function requestOf(op: number): number {
  if (op === read) return REQUEST_OPS.read;
  if (op === free) return REQUEST_OPS.free;
  return op === write || op === writePart ? REQUEST_OPS.write : REQUEST_OPS.read;
}
