// What a page costs on its way to a file and back, beside plain `fs` calls.
//
// Write-back is clusters of 32 neighbouring pages, some at a time, as memory management sends them; swap-in is the same
// with reads, and single pages, as faults without readahead. "plain" moves the same page frames with the same number of
// calls in flight by `writev` and `readv`: it knows no slots, no statuses and no promises. "store" is lent the pages that
// it writes, as backends lend those that they write back; "store that copies" must take them before its call returns, as
// those that a program may write to meanwhile. "store with checksums" is lent pages too, and looks at all of them. "one
// buffer" is a ceiling: what lies in one piece already.
//
// All move the same pages to and from one and the same file, which is written whole before anything is measured, and
// none flushes. It lies in the temporary folder and stays in the page cache: what is measured is the way to the kernel,
// not the device. (Files of their own would be compared rather than code: how the page cache happens to lie in memory
// makes a difference of a third.) All work by turns, and who begins changes with every round. Ratios are of one round
// each, by wall time and by the processor time of all threads; on a machine that does other things only the latter means
// something.

import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PAGE_SIZE } from "@pagetier/base";
import { FileStore } from "@pagetier/store-file";
import { type Row, rowOf, type Suite } from "../suite.js";

/** Pages of the file, all of which every task moves … */
const PAGES = 2048;
/** … so many times in a round. */
const PASSES = 4;
const CLUSTER_PAGES = 32;

interface Case {
  readonly pages: number;
  readonly depth: number;
}

const CASES: readonly Case[] = [
  { pages: CLUSTER_PAGES, depth: 1 },
  { pages: CLUSTER_PAGES, depth: 4 },
  { pages: CLUSTER_PAGES, depth: 8 },
  { pages: 1, depth: 16 },
];

/** Starts a call for the pages from `first` on, in one of the lanes that are in flight. */
type Start = (first: number, lane: number, done: () => void) => void;

export const stores: Suite = {
  name: "stores",
  summary: "write-back and swap-in through the file store, beside plain fs calls of the same size and depth",
  async run({ pages, rounds }) {
    const directory = fs.mkdtempSync(join(tmpdir(), "pagetier-bench-"));
    const [path, linked] = [join(directory, "file"), join(directory, "linked")];
    const bytes = PAGES * PAGE_SIZE;
    const plain = fs.openSync(path, "wx+");
    fs.writeSync(plain, new Uint8Array(bytes).fill(1));
    fs.linkSync(path, linked); // A store has its file to itself, by name.
    const store = new FileStore({ path, size: bytes });
    const checked = new FileStore({ path: linked, size: bytes, checksums: true });
    try {
      for (const each of [store, checked]) await each.open();
      const rows: Row[] = [];
      for (const one of CASES) rows.push(...(await measure(one, rounds, pages, { plain, store, checked })));
      return rows;
    } finally {
      for (const each of [store, checked]) await each.close();
      fs.closeSync(plain);
      fs.rmSync(directory, { recursive: true });
    }
  },
};

/** All of one and the same file. */
interface Files {
  readonly plain: number;
  readonly store: FileStore;
  readonly checked: FileStore;
}

async function measure(one: Case, rounds: number, pages: readonly Uint8Array[], files: Files): Promise<Row[]> {
  const rows: Row[] = [];
  for (const what of ["write-back", "swap-in"] as const) {
    const contenders = contendersOf(what, one, pages, files);
    const names = Object.keys(contenders);
    const speeds = new Map(names.map((name) => [name, { wall: [] as number[], cpu: [] as number[] }]));
    for (let round = -2; round < rounds; round++) {
      const order = round % 2 === 0 ? names : [...names].reverse();
      for (const name of order) {
        await moveAll(contenders[name]!, one); // Brings its own into the caches.
        const { wall, cpu } = await megabytesPerSecond(contenders[name]!, one);
        if (round < 0) continue; // Warms up.
        speeds.get(name)!.wall.push(wall);
        speeds.get(name)!.cpu.push(cpu);
      }
    }
    const title = `${what}, ${one.pages === 1 ? "single pages" : `clusters of ${one.pages}`}, ${one.depth} at a time`;
    const plain = speeds.get("plain")!;
    for (const [name, { wall }] of speeds) rows.push(rowOf(`${title}: ${name}`, "MB/s", wall));
    for (const name of names.slice(1)) {
      for (const [time, values] of Object.entries(speeds.get(name)!) as ["wall" | "cpu", number[]][]) {
        const ratios = values.map((speed, round) => speed / plain[time][round]!);
        rows.push(rowOf(`${title}: ${name} / plain, ${time}`, "ratio", ratios, "higher"));
      }
    }
  }
  return rows;
}

function contendersOf(
  what: "write-back" | "swap-in",
  { pages: count, depth }: Case,
  pages: readonly Uint8Array[],
  { plain, store, checked }: Files,
): Record<string, Start> {
  // Every lane holds the same pages, so that a slot gets the same content from whoever writes it.
  const lanes = Array.from({ length: depth }, () => Array.from({ length: count }, (_, index) => frameOf(pages, index)));
  const buffers = lanes.map((frames) => bufferOf(frames));
  const slots = Array.from({ length: PAGES / count }, (_, call) =>
    Array.from({ length: count }, (__, index) => call * count + index),
  );
  const through =
    (each: FileStore, lent: boolean): Start =>
    (first, lane, done) => {
      const taken = slots[first / count]!;
      const frames = lanes[lane]!;
      const moved = what === "write-back" ? each.writePages(taken, frames, lent) : each.readPages(taken, frames);
      moved.then((statuses) => {
        for (const status of statuses) if (status !== undefined) throw status;
        done();
      }, fail);
    };
  const settled =
    (done: () => void) =>
    (error: Error | null, bytes: number): void => {
      if (error !== null || bytes !== count * PAGE_SIZE) fail(error ?? new Error("a call of the system was cut short"));
      done();
    };
  const isWrite = what === "write-back";
  return {
    plain: (first, lane, done) => {
      if (isWrite) fs.writev(plain, lanes[lane]!, first * PAGE_SIZE, settled(done));
      else fs.readv(plain, lanes[lane]!, first * PAGE_SIZE, settled(done));
    },
    "one buffer": (first, lane, done) => {
      if (isWrite) fs.write(plain, buffers[lane]!, 0, count * PAGE_SIZE, first * PAGE_SIZE, settled(done));
      else fs.read(plain, buffers[lane]!, 0, count * PAGE_SIZE, first * PAGE_SIZE, settled(done));
    },
    store: through(store, true),
    ...(isWrite ? { "store that copies": through(store, false) } : {}),
    "store with checksums": through(checked, true),
  };
}

async function megabytesPerSecond(start: Start, one: Case): Promise<{ wall: number; cpu: number }> {
  const before = process.cpuUsage();
  const began = process.hrtime.bigint();
  for (let pass = 0; pass < PASSES; pass++) await moveAll(start, one);
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const { user, system } = process.cpuUsage(before);
  const megabytes = (PASSES * PAGES * PAGE_SIZE) / 1e6;
  return { wall: megabytes / seconds, cpu: megabytes / ((user + system) / 1e6) };
}

/** Moves the whole file, so many calls at a time. */
function moveAll(start: Start, { pages, depth }: Case): Promise<void> {
  return new Promise<void>((resolve) => {
    let next = 0;
    let ended = 0;
    const go = (lane: number): void => {
      if (next === PAGES) return;
      const first = next;
      next += pages;
      start(first, lane, () => {
        ended += pages;
        if (ended === PAGES) resolve();
        else go(lane);
      });
    };
    for (let lane = 0; lane < depth; lane++) go(lane);
  });
}

/** A frame as memory management has them: on a page of its own. */
function frameOf(pages: readonly Uint8Array[], index: number): Uint8Array {
  const frame = aligned(PAGE_SIZE);
  const page = pages[index % Math.max(1, pages.length)];
  if (page === undefined) frame.fill(1 + (index % 250));
  else frame.set(page);
  return frame;
}

function bufferOf(frames: readonly Uint8Array[]): Uint8Array {
  const buffer = aligned(frames.length * PAGE_SIZE);
  for (const [index, frame] of frames.entries()) buffer.set(frame, index * PAGE_SIZE);
  return buffer;
}

/** The part of `ArrayBuffer` of ES2024 that the library declarations of ES2023 lack. */
const ResizableBuffer: new (length: number, options: { maxByteLength: number }) => ArrayBuffer = ArrayBuffer;

/** V8 starts resizable buffers on a page of their own. */
function aligned(bytes: number): Uint8Array {
  return new Uint8Array(new ResizableBuffer(bytes, { maxByteLength: bytes }), 0, bytes);
}

function fail(error: unknown): never {
  throw error;
}
