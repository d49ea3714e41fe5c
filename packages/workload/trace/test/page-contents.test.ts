import { createPrng } from "@pagetier/base";
import { describe, expect, test } from "vitest";
import { PageContents, type PageFile, PageHash, RUN_PAGES } from "../src/index.js";

/** Pages each of whose words tells the page and the word. */
function numberedPages(pages: number): PageFile {
  const words = Uint32Array.from({ length: pages * 1024 }, (_, index) => index);
  return { name: "numbered", pages, bytes: new Uint8Array(words.buffer) };
}

/** Which page of {@link numberedPages} begins with these bytes. */
function pageOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) >>> 10;
}

describe("contents", () => {
  test("of a run of 64 adjacent keys are a run of 64 adjacent pages", () => {
    const contents = new PageContents(numberedPages(6 * RUN_PAGES + 10), 3, 5);
    const runs = new Set<number>();
    for (let keyRun = 0; keyRun < 6; keyRun++) {
      const first = pageOf(contents.pageFor(keyRun * RUN_PAGES, 0));
      expect(first % RUN_PAGES).toBe(0);
      runs.add(first / RUN_PAGES);
      for (let place = 0; place < RUN_PAGES; place++) {
        expect(pageOf(contents.pageFor(keyRun * RUN_PAGES + place, 0))).toBe(first + place);
      }
    }
    expect([...runs].sort()).toEqual([0, 1, 2, 3, 4, 5]); // Adjacent key runs use the whole file.
  });

  test("come from a file of fewer than 64 pages, too", () => {
    const contents = new PageContents(numberedPages(3), 1, 5);
    for (let key = 0; key < 200; key++) expect(pageOf(contents.pageFor(key, 0))).toBe((key % RUN_PAGES) % 3);
    for (let version = 1; version < 200; version++) contents.patchFor(77, version);
  });

  test("of a patch are 64 to 512 bytes of the same run, aligned to 8 and inside the page", () => {
    const contents = new PageContents(numberedPages(4 * RUN_PAGES), 9, 5);
    const key = 3 * RUN_PAGES + 7;
    const first = pageOf(contents.pageFor(3 * RUN_PAGES, 0));
    const lengths = new Set<number>();
    for (let version = 1; version < 3000; version++) {
      const bytes = contents.patchFor(key, version);
      lengths.add(bytes.length);
      expect(bytes.length % 8 === 0 && bytes.length >= 64 && bytes.length <= 512).toBe(true);
      expect(contents.patchOffset % 8 === 0 && contents.patchOffset + bytes.length <= 4096).toBe(true);
      const words = new Uint32Array(bytes.buffer);
      expect(words[0]! >>> 16).toBe(first >>> 6); // 2^16 words are a run.
      expect(words.at(-1)! - words[0]!).toBe(words.length - 1);
    }
    expect(lengths.size).toBe(57);
  });

  test("are a function of seed, key and version", () => {
    const trail = (seed: number): string => {
      const contents = new PageContents(numberedPages(200), seed, 20);
      const parts: string[] = [];
      for (const [key, version] of [
        [5, 0],
        [900_000_000_000, 0],
        [5, 3],
        [5, 4],
        [6, 3],
      ] as const) {
        const replaces = contents.replaces(key, version);
        const bytes = replaces ? contents.pageFor(key, version) : contents.patchFor(key, version);
        parts.push(`${replaces} ${contents.patchOffset} ${Buffer.from(bytes.subarray(0, 64)).toString("hex")}`);
      }
      return parts.join("\n");
    };
    expect(trail(1)).toBe(trail(1));
    expect(trail(1)).not.toBe(trail(2));
  });

  test("are replaced with the stated probability", () => {
    for (const percent of [0, 5, 50, 100]) {
      const contents = new PageContents(numberedPages(64), 1, percent);
      let replaced = 0;
      for (let key = 0; key < 200; key++) {
        for (let version = 1; version <= 100; version++) if (contents.replaces(key, version)) replaced++;
      }
      expect(Math.abs(replaced / 200 - percent)).toBeLessThan(percent % 100 === 0 ? 0.001 : 1);
    }
  });
});

describe("the hash of a page", () => {
  const words = new Int32Array(1024);
  const prng = createPrng(5);
  const hash = new PageHash();
  const hashed = (): string => {
    hash.update(words);
    return `${hash.high.toString(16)}-${hash.low.toString(16)}`;
  };
  const fill = (): void => {
    for (let index = 0; index < 1024; index++) words[index] = prng.u32();
  };

  test("shows any changed bit, in both halves", () => {
    for (const page of ["random", "zeroes"]) {
      if (page === "random") fill();
      else words.fill(0);
      hash.update(words);
      const { low, high } = hash;
      let lowSame = 0;
      let highSame = 0;
      for (let bit = 0; bit < 32768; bit++) {
        words[bit >> 5]! ^= 1 << (bit & 31);
        hash.update(words);
        if (hash.low === low) lowSame++;
        if (hash.high === high) highSame++;
        words[bit >> 5]! ^= 1 << (bit & 31);
      }
      expect([lowSame, highSame]).toEqual([0, 0]);
    }
  });

  test("shows where words stand: swapped, shifted, moved within and across lanes", () => {
    words.fill(0);
    const seen = new Set<string>([hashed()]);
    for (let index = 0; index < 1024; index++) {
      words[index] = 1;
      seen.add(hashed());
      words[index] = 0;
    }
    expect(seen.size).toBe(1025);
    fill();
    const before = hashed();
    for (let index = 0; index + 4 < 1024; index++) {
      for (const other of [index + 1, index + 4]) {
        const kept = words[index]!;
        words[index] = words[other]!;
        words[other] = kept;
        expect(hashed() === before).toBe(false);
        words[other] = words[index]!;
        words[index] = kept;
      }
    }
  });

  test("does not collide over many pages that differ by a little, in either half more than chance", () => {
    words.fill(0);
    const lows = new Set<number>();
    const highs = new Set<number>();
    for (let a = 0; a < 200; a++) {
      for (let b = 0; b < 200; b++) {
        words[0] = a;
        words[4] = b; // The same lane: what cancels would cancel here.
        hash.update(words);
        lows.add(hash.low);
        highs.add(hash.high);
      }
    }
    // 40 000 of 2^32: 0.19 pairs by chance.
    expect(lows.size).toBeGreaterThanOrEqual(39_997);
    expect(highs.size).toBeGreaterThanOrEqual(39_997);
  });
});
