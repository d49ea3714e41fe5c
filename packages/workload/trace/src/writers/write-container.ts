// A trace and a page file become a container: what a replay of both would do is written down.
//
// Each device is a space: anonymous memory, or a file where keys are blocks. Pages hold what `PageContents` says: the first
// touch fills a page, a write patches it or replaces it. What a file holds before the workload begins has to be known
// beforehand, so the requests of block traces are read twice.

import { ContainerWriter } from "../container/container-writer.js";
import type { SpaceKind } from "../container/layout.js";
import { DEVICE_KEYS } from "../formats/page-requests.js";
import { KeyMap } from "../key-map.js";
import { PageContents } from "../page-contents.js";
import type { PageFile } from "../page-file.js";
import { RunNumbers } from "../run-numbers.js";
import { REQUEST_OPS, type TraceAddresses, type TraceBatch, type TraceReader } from "../trace.js";
import { PageVersions } from "./page-versions.js";
import { type WriteControl, type WrittenTrace, withoutZeroes } from "./written-trace.js";

const SEED_DEFAULT = 1;
const REPLACE_PERCENT = 5;
/** Where a trace has no times. */
const NS_PER_REQUEST = 1000;
const BACKLOG_BYTES_MAX = 2 ** 22;

/** @throws TierError TRACE_WRITE, and what the trace throws */
export async function writeContainer(
  path: string,
  trace: TraceReader,
  pages: PageFile,
  control: WriteControl,
): Promise<WrittenTrace> {
  const seed = control.seed ?? SEED_DEFAULT;
  const writer = await ContainerWriter.create(path, { about: aboutOf(trace, pages, seed) });
  try {
    const writing = new Writing(writer, new PageContents(pages, seed, REPLACE_PERCENT), trace);
    if (trace.addresses === "blocks") {
      for await (const batch of trace) {
        writing.lookAt(batch);
        control.onBatch?.(batch.length);
      }
      await writing.addFiles();
    }
    for await (const batch of trace) {
      writing.write(batch);
      if (writer.backlogBytes > BACKLOG_BYTES_MAX) await writer.drain();
      control.onBatch?.(batch.length);
    }
    await writer.close();
    const lost = withoutZeroes({ frees: writing.frees });
    return { format: "container", requests: writing.requests, fileBytes: writer.fileBytes, lost };
  } finally {
    await writer.abort();
  }
}

function aboutOf(trace: TraceReader, pages: PageFile, seed: number): Record<string, string> {
  return {
    origin: `${trace.name} (${trace.format}) with contents of ${pages.name}, seed ${seed}`,
    tool: "pagetier trace: a page's first touch fills it, a write patches 64 to 512 bytes or replaces it",
    time: "as in the trace; where it says none, one microsecond a request",
  };
}

/** A device of the trace, and the space that it becomes. */
interface Device {
  readonly space: number;
  readonly pages: RunNumbers;
  readonly versions: PageVersions;
}

/** Keys of a file, looked at before anything is written. */
interface FirstLook {
  readonly pages: RunNumbers;
  /** First requests of pages, in order: those that read. */
  readonly readFirst: { readonly page: number; readonly key: number }[];
  readonly seen: KeyMap;
}

class Writing {
  readonly #writer: ContainerWriter;
  readonly #contents: PageContents;
  readonly #addresses: TraceAddresses;
  readonly #looks = new Map<number, FirstLook>();
  readonly #devices = new Map<number, Device>();
  #ns = 0;
  requests = 0;
  /** Of pages of files, which cannot be freed. */
  frees = 0;

  constructor(writer: ContainerWriter, contents: PageContents, trace: TraceReader) {
    this.#writer = writer;
    this.#contents = contents;
    this.#addresses = trace.addresses;
  }

  /** Finds out what files hold at the beginning: what is read before it is written. */
  lookAt({ length, keys, writes, ops }: TraceBatch): void {
    for (let index = 0; index < length; index++) {
      if (ops?.[index] === REQUEST_OPS.free) continue;
      const key = keys[index]!;
      const look = this.#lookOf(this.#deviceOf(key));
      const before = look.seen.count;
      look.seen.numberOf(key);
      if (look.seen.count === before) continue;
      const page = look.pages.numberOf(key);
      if (writes[index] === 0) look.readFirst.push({ page, key });
    }
  }

  #lookOf(number: number): FirstLook {
    const known = this.#looks.get(number);
    if (known !== undefined) return known;
    const look = { pages: new RunNumbers(), readFirst: [], seen: new KeyMap() };
    this.#looks.set(number, look);
    return look;
  }

  /** Describes the files that were looked at, and what they hold. */
  async addFiles(): Promise<void> {
    for (const [number, { pages, readFirst }] of this.#looks) {
      const device = this.#add(number, "file", pages);
      for (const { page, key } of readFirst) {
        device.versions.write(page, key, undefined);
        this.#writer.preset(device.space, page, device.versions.content);
        if (this.#writer.backlogBytes > BACKLOG_BYTES_MAX) await this.#writer.drain();
      }
    }
    this.#looks.clear();
  }

  write({ length, keys, writes, ops, times }: TraceBatch): void {
    for (let index = 0; index < length; index++) {
      const key = keys[index]!;
      const number = this.#deviceOf(key);
      const device = this.#devices.get(number) ?? this.#add(number, "anon", new RunNumbers());
      const time = times === undefined ? this.requests * NS_PER_REQUEST : Math.round(times[index]!);
      this.#ns = Math.max(this.#ns, time);
      this.#request(device, key, ops === undefined ? writes[index]! : ops[index]!);
    }
  }

  #request({ space, pages, versions }: Device, key: number, op: number): void {
    const page = pages.numberOf(key);
    const isAlive = versions.isAlive(page);
    if (op === REQUEST_OPS.free) {
      if (this.#addresses === "blocks") this.frees++;
      else if (isAlive) {
        versions.free(page);
        this.#writer.free(space, page, 1, this.#ns);
        this.requests++;
      }
      return;
    }
    this.requests++;
    if (op === REQUEST_OPS.read && isAlive) {
      this.#writer.read(space, page, this.#ns);
      return;
    }
    const { offset, length } = versions.write(page, key, this.#writer.contentOf(space, page));
    this.#writer.write(space, page, this.#ns, versions.content, offset, length);
  }

  #add(number: number, kind: SpaceKind, pages: RunNumbers): Device {
    const name = kind === "file" ? `file${number}` : `memory${number}`;
    const space = this.#writer.addSpace({ name, kind, filePages: kind === "file" ? pages.end : 0 });
    const device = { space, pages, versions: new PageVersions(this.#contents) };
    this.#devices.set(number, device);
    return device;
  }

  #deviceOf(key: number): number {
    const hasDevices = this.#addresses === "blocks" || this.#addresses === "memory";
    return hasDevices ? Math.floor(key / DEVICE_KEYS) : 0;
  }
}
