import { createPrng, PAGE_SIZE } from "@pagetier/base";
import { describe, expect, test } from "vitest";
import {
  FileLayout,
  generateTrace,
  KeyMap,
  PageContents,
  type PageFile,
  Replay,
  type ReplayTarget,
  type TraceReader,
  traceInfo,
} from "../src/index.js";

function layoutOf(...keys: number[]): FileLayout {
  const map = new KeyMap();
  for (const key of keys) map.numberOf(key);
  return new FileLayout(map);
}

describe("layout", () => {
  test("keys lie in their order, neighbours side by side, gaps kept up to 32 pages", () => {
    const layout = layoutOf(1000, 7, 8, 10, 2 ** 40);
    expect([0, 1, 2, 3, 4].map((number) => layout.placeOf(number))).toEqual([36, 0, 1, 3, 69]);
    expect(layout.pages).toBe(70);
    expect([0, 1, 2, 3, 36, 37, 69].map((place) => layout.keyAt(place))).toEqual([
      7,
      8,
      undefined,
      10,
      1000,
      undefined,
      2 ** 40,
    ]);
  });

  test("one key is a file of one page", () => {
    expect(layoutOf(5).pages).toBe(1);
  });
});

describe("a replay on a file", () => {
  const PAGES = somePages(128);

  test("reads what the file holds, writes on it, and finds every byte right", async () => {
    const trace = await readTrace();
    const file = new FlatFile(trace);
    const replay = new Replay(file.target, trace, PAGES, { prefilled: true });
    const result = await replay.run();
    expect(result).toMatchObject({ accesses: 5000, firstTouches: 0, verified: 5000, mismatches: 0 });
    expect(result.reads + result.writes).toBe(5000);
    expect(result.uniquePages).toBe(trace.keys.count);
    expect(await replay.audit()).toMatchObject({ pages: trace.keys.count, mismatches: 0, unreadable: 0 });
  });

  test("a page of the file that is wrong is found at its first touch", async () => {
    const trace = await readTrace();
    const file = new FlatFile(trace);
    const page = file.layout.placeOf(3);
    file.bytes[page * PAGE_SIZE + 17]! ^= 1;
    const replay = new Replay(file.target, trace, PAGES, { prefilled: true });
    expect((await replay.run()).firstMismatches[0]).toMatchObject({ page: 3, writes: 1 });
  });

  /** A file in one array, filled as its layout says. */
  class FlatFile {
    readonly layout: FileLayout;
    readonly bytes: Uint8Array;
    readonly target: ReplayTarget;

    constructor(trace: TraceReader) {
      this.layout = new FileLayout(trace.keys);
      this.bytes = new Uint8Array(this.layout.pages * PAGE_SIZE);
      const contents = new PageContents(PAGES, 1, 0);
      for (let page = 0; page < this.layout.pages; page++) {
        const key = this.layout.keyAt(page);
        if (key !== undefined) this.bytes.set(contents.pageFor(key, 0), page * PAGE_SIZE);
      }
      const readNow = (page: number, offset: number, into: Uint8Array): boolean => {
        const start = page * PAGE_SIZE + offset;
        into.set(this.bytes.subarray(start, start + into.length));
        return true;
      };
      const writeNow = (page: number, offset: number, from: Uint8Array): boolean => {
        this.bytes.set(from, page * PAGE_SIZE + offset);
        return true;
      };
      this.target = this.layout.target({
        pages: this.layout.pages,
        readNow,
        writeNow,
        read: async (...access) => void readNow(...access),
        write: async (...access) => void writeNow(...access),
      });
    }
  }

  async function readTrace(): Promise<TraceReader> {
    const trace = generateTrace({ kind: "zipf", pages: 300, requests: 5000, seed: 4 });
    await traceInfo(trace);
    return trace;
  }
});

function somePages(pages: number): PageFile {
  const prng = createPrng(77);
  const words = Uint32Array.from({ length: pages * 1024 }, () => prng.u32());
  return { name: "random", pages, bytes: new Uint8Array(words.buffer) };
}
