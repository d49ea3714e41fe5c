// Recorded lengths: the same frames as the kernels that recorded them.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LengthsResult } from "../src/measure-lengths.js";
import { pagetier, poolResults } from "./pool-command.js";

const KERNEL = fileURLToPath(new URL("../../../../shared/reference/kernel/", import.meta.url));
const withoutKernel = existsSync(KERNEL) ? undefined : "the kernel's lengths (../shared) are not here";

interface ExpectedZswap {
  readonly allocator: string;
  readonly compressor: string;
  readonly corpus: string;
  readonly pages: number;
  readonly storedPages: number;
  readonly sameFilledPages: number;
  readonly poolPages: number;
  readonly failedStores: number;
  readonly rejectCompressPoor: number;
}

interface ExpectedZram {
  readonly kernel: string;
  readonly compressor: string;
  readonly corpus: string;
  readonly comprDataSize: number;
  readonly poolPages: number;
  readonly samePages: number;
  readonly hugePages: number;
}

describe.skipIf(withoutKernel !== undefined)(
  `lengths of real kernels${withoutKernel ? `: ${withoutKernel}` : ""}`,
  () => {
    const expected = () =>
      JSON.parse(readFileSync(join(KERNEL, "expected.json"), "utf8")) as {
        zswap: ExpectedZswap[];
        zram: ExpectedZram[];
      };
    const files = () => readdirSync(join(KERNEL, "lengths")).map((name) => join(KERNEL, "lengths", name));
    const fileOf = (compressor: string, corpus: string) => join(KERNEL, "lengths", `${compressor}.${corpus}.u16.gz`);

    test("as zswap 6.1, zbud, zsmalloc and z3fold hold exactly the pages of the kernel", async () => {
      const results = await poolResults<LengthsResult>(
        ...["--lengths", ...files(), "--as", "zswap-6.1", "--allocator", "zbud,zsmalloc,z3fold"],
      );
      expect(results).toHaveLength(3 * files().length);
      for (const wanted of expected().zswap) {
        const input = fileOf(wanted.compressor, wanted.corpus);
        const result = results.find((each) => each.input === input && each.allocator === wanted.allocator);
        expect(result, `${wanted.allocator} ${input}`).toMatchObject({
          compressor: wanted.compressor,
          pages: wanted.pages,
          storedPages: wanted.storedPages,
          rejectedPages: wanted.failedStores,
          rejectCompressPoor: wanted.rejectCompressPoor,
          sameFilledPages: wanted.sameFilledPages,
          poolPages: wanted.poolPages,
          mismatches: 0,
        });
      }
    });

    test("as zram 6.18, zsmalloc holds exactly the pages of the kernel", async () => {
      const wanted = expected().zram.filter(
        ({ kernel, compressor, corpus }) => kernel === "6.18" && existsSync(fileOf(compressor, corpus)),
      );
      const results = await poolResults("--lengths", ...files(), "--as", "zram-6.18");
      expect(wanted.length).toBeGreaterThan(0);
      for (const { compressor, corpus, comprDataSize, poolPages, samePages, hugePages } of wanted) {
        const input = fileOf(compressor, corpus);
        const result = results.find((each) => each.input === input)!;
        expect(result, input).toMatchObject({
          allocator: "zsmalloc",
          poolPages,
          sameFilledPages: samePages,
          incompressiblePages: hugePages,
          rejectedPages: 0,
        });
        expect(result.compressedBytes + result.rawBytes, input).toBe(comprDataSize);
      }
    });
  },
);

describe("lengths at the borders", () => {
  // Each border from both sides: the third of a page, zbud's largest, zsmalloc's huge ones with chains of 4 and of 8.
  const LENGTHS = [0, 65535, 100, 1352, 1352, 1352, 3960, 3961, 4096, 3257, 3624, 3625];
  let folder = "";
  let file = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "pagetier-pool-"));
    file = join(folder, "lz4.borders.u16.gz");
    await writeFile(file, gzipSync(littleEndian(LENGTHS)));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("zswap 6.1 adds its header for evictable pools, and refuses what does not fit", async () => {
    const [zbud, zsmalloc, z3fold] = await poolResults<LengthsResult>(
      ...["--lengths", file, "--as", "zswap-6.1", "--allocator", "zbud,zsmalloc,z3fold"],
    );
    const common = {
      input: file,
      compressor: "lz4",
      pages: 12,
      sameFilledPages: 1,
      incompressiblePages: 0,
      rawBytes: 0,
    };
    // Frames: [100, 1352] [1352, 1352] and each of the four that are left alone. 3961 and 4096 are too large.
    expect(zbud).toMatchObject({ ...common, allocator: "zbud", rejectedPages: 3, rejectCompressPoor: 2, poolPages: 6 });
    // Two frames for class 112, one for class 1360, six for huge ones.
    expect(zsmalloc).toMatchObject({ ...common, rejectedPages: 1, rejectCompressPoor: 0, poolPages: 9 });
    // [100, 1352, 1352] [1352] and each of the five others.
    expect(z3fold).toMatchObject({ ...common, rejectedPages: 2, rejectCompressPoor: 1, poolPages: 7 });
  });

  test("z3fold's header of two chunks leaves room for one object less", async () => {
    // With zswap's header 21 chunks each: three take 63, and a frame has 62.
    const path = join(folder, "thirds.u16");
    await writeFile(path, littleEndian(new Array<number>(12).fill(21 * 64 - 8)));
    const [asKernel] = await poolResults("--lengths", path, "--as", "zswap-6.1", "--allocator", "z3fold");
    const [ours] = await poolResults("--lengths", path, "--allocator", "z3fold");
    expect(asKernel).toMatchObject({ compressor: "thirds", poolPages: 6 });
    expect(ours).toMatchObject({ poolPages: 4 });
  });

  test("zram 6.18 keeps huge pages raw", async () => {
    const [result] = await poolResults("--lengths", file, "--as", "zram-6.18");
    // Classes 112 (7 frames), 1360 (1), 3408 (5), 3632 (8), and five frames for huge pages.
    expect(result).toMatchObject({
      allocator: "zsmalloc",
      storedPages: 12,
      rejectedPages: 0,
      incompressiblePages: 5,
      compressedBytes: 100 + 3 * 1352 + 3257 + 3624,
      rawBytes: 5 * 4096,
      poolPages: 26,
    });
  });

  test("without --as, our own rules hold: no header, and raw only what gains nothing", async () => {
    const results = await poolResults("--lengths", file, "--allocator", "kmalloc,zsmalloc:chainPages=4");
    expect(results[0]).toMatchObject({ incompressiblePages: 2, rawBytes: 8192, poolPages: 10, mismatches: 0 });
    expect(results[0]!.poolBytes).toBe(10 * 4096 + results[0]!.metadataBytes);
    expect(results[1]).toMatchObject({ allocator: "zsmalloc:chainPages=4", rejectedPages: 0 });
  });

  test("without --allocator every bundled one is tried", async () => {
    const results = await poolResults("--lengths", file);
    expect(results.map(({ allocator }) => allocator)).toEqual(["kmalloc", "slub", "z3fold", "zbud", "zsmalloc"]);
  });

  test("the table is within 100 columns, and the histogram counts thirds and halves", async () => {
    const { status, output } = await pagetier("pool", "--lengths", file, "--histogram");
    expect(status).toBe(0);
    for (const line of output.split("\n").filter((each) => !each.includes(folder))) {
      expect(line.length).toBeLessThanOrEqual(100);
    }
    expect(output).toMatch(/1281 – 1536\s+3\s+33\.3 %/);
    expect(output).toContain("Of 9 zpages, 44.4 % take up to PAGE/3");
  });

  test("lengths may be packed with zstd, or not at all", async () => {
    const plain = littleEndian(LENGTHS);
    // One frame (single segment, one byte of length) with one raw block, the last.
    const block = (plain.length << 3) | 1;
    const frame = Buffer.concat([Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, plain.length, block, 0, 0), plain]);
    const paths = [join(folder, "lz4.a.u16"), join(folder, "lz4.a.u16.zst")];
    await Promise.all([writeFile(paths[0]!, plain), writeFile(paths[1]!, frame)]);
    const [first, second] = await poolResults("--lengths", ...paths, "--allocator", "zbud");
    expect(second).toMatchObject({
      compressor: "lz4",
      poolPages: first!.poolPages,
      compressedBytes: first!.compressedBytes,
    });
  });

  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["nothing to pack", [], /--pages FILE, --lengths FILE… or --pid/],
    ["two sources", ["--pages", "a", "--lengths", "b"], /only one of --pages, --lengths and --pid/],
    ["--as without lengths", ["--pages", "a", "--as", "zswap-6.1"], /--as accounts for recorded lengths/],
    ["an unknown kernel", ["--lengths", "a", "--as", "zswap-9"], /zswap-9 .*zswap-6\.1 or zram-6\.18/],
    [
      "an allocator that kernel did not have",
      ["--lengths", "a", "--as", "zram-6.18", "--allocator", "zbud"],
      /zram-6\.18 has no allocator zbud, only zsmalloc/,
    ],
    ["a compressor for lengths", ["--lengths", "a", "--compressor", "lz4"], /compressed already/],
    ["a missing file", ["--lengths", "/nowhere/x.u16"], /\/nowhere\/x\.u16 does not exist/],
    ["bins of an odd size", ["--lengths", "a", "--histogram", "100"], /256 or 64/],
  ];
  test.each(wrong)("%s: one sentence, status 2", async (_name, args, message) => {
    const { status, output, messages } = await pagetier("pool", ...args);
    expect(messages).toMatch(message);
    expect(messages.trim().split("\n")).toHaveLength(1);
    expect(output).toBe("");
    expect(status).toBe(2);
  });

  const damaged: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ["an odd number of bytes", new Uint8Array(5), /5 bytes, an odd number/],
    ["a length that no page has", littleEndian([12, 5000]), /5000 for page 1; lengths are 0 to 4096, or 65535/],
    ["an empty file", new Uint8Array(0), /holds no length/],
    ["a truncated gzip file", gzipSync(littleEndian(LENGTHS)).subarray(0, 20), /cannot be unpacked/],
  ];
  test.each(damaged)("%s: one sentence, status 2", async (_name, bytes, message) => {
    const path = join(folder, "damaged.u16");
    await writeFile(path, bytes);
    const { status, messages } = await pagetier("pool", "--lengths", path);
    expect(messages).toMatch(message);
    expect(messages.trim().split("\n")).toHaveLength(1);
    expect(status).toBe(2);
  });
});

function littleEndian(lengths: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(lengths.length * 2);
  for (const [index, length] of lengths.entries()) bytes.writeUInt16LE(length, index * 2);
  return bytes;
}
