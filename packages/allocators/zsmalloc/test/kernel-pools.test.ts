// Pools fed with the compressed lengths that a real kernel recorded hold as many frames as that kernel's pools did.

import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { NO_HANDLE, type Zpool } from "@pagetier/allocator";
import { Z3foldPool } from "@pagetier/allocator-z3fold";
import { ZbudPool } from "@pagetier/allocator-zbud";
import { PAGE_SIZE } from "@pagetier/base";
import { PageFrames } from "@pagetier/frames";
import { describe, expect, test } from "vitest";
import { isHuge, sizeClasses, ZsmallocPool } from "../src/index.js";

const REFERENCE = new URL("../../../../../shared/reference/kernel/", import.meta.url);
const PRESENT = existsSync(REFERENCE);

interface ZswapRow {
  readonly allocator: "zbud" | "z3fold" | "zsmalloc";
  readonly compressor: string;
  readonly corpus: string;
  readonly storedPages: number;
  readonly sameFilledPages: number;
  readonly poolPages: number;
}

interface ZramRow {
  readonly kernel: "6.1" | "6.18";
  readonly zsmallocChainSize: number;
  readonly compressor: string;
  readonly corpus: string;
  readonly poolPages: number;
  readonly samePages: number;
}

const expected: { zswap: ZswapRow[]; zram: ZramRow[] } = PRESENT
  ? JSON.parse(readFileSync(new URL("expected.json", REFERENCE), "utf8"))
  : { zswap: [], zram: [] };

const SAME_FILLED = 0;
const DOES_NOT_FIT = 65535;

/** Compressed length of each page, as the kernel's compressor produced it. */
function lengthsOf(compressor: string, corpus: string): number[] {
  const bytes = gunzipSync(readFileSync(new URL(`lengths/${compressor}.${corpus}.u16.gz`, REFERENCE)));
  return Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readUInt16LE(2 * index));
}

function hasLengths({ compressor, corpus }: { compressor: string; corpus: string }): boolean {
  return existsSync(new URL(`lengths/${compressor}.${corpus}.u16.gz`, REFERENCE));
}

const frames = (): PageFrames => new PageFrames({ budgetBytes: 64 << 20 });

/** How zswap 6.1 uses each allocator: the header before the zpage, and the largest compressed length it takes. */
const ZSWAP = {
  zbud: { create: () => new ZbudPool(frames()), headerBytes: 8, lengthMax: 3960 },
  z3fold: { create: () => new Z3foldPool(frames(), { cpus: 2 }), headerBytes: 8, lengthMax: 4088 },
  zsmalloc: {
    create: () => new ZsmallocPool(frames(), { chainPages: 4, classes: "kernel-6.1" }),
    headerBytes: 0,
    lengthMax: PAGE_SIZE,
  },
} as const;

function storeAll(pool: Zpool, sizes: readonly number[]): void {
  for (const size of sizes) {
    if (pool.malloc(size) <= NO_HANDLE) expect.unreachable("the pool has room for all");
  }
}

describe.skipIf(!PRESENT)("zswap of Linux 6.1 (needs the shared reference data)", () => {
  test.each(expected.zswap)("$allocator, $compressor, $corpus: $poolPages frames", (row) => {
    const { create, headerBytes, lengthMax } = ZSWAP[row.allocator];
    const lengths = lengthsOf(row.compressor, row.corpus);
    const stored = lengths.filter((length) => length !== DOES_NOT_FIT && length <= lengthMax);
    expect(stored.length).toBe(row.storedPages);
    expect(stored.filter((length) => length === SAME_FILLED).length).toBe(row.sameFilledPages);
    const pool = create();
    storeAll(
      pool,
      stored.filter((length) => length !== SAME_FILLED).map((length) => length + headerBytes),
    );
    if (row.allocator === "z3fold") {
      expect(Math.abs(pool.totalFrames() / row.poolPages - 1)).toBeLessThanOrEqual(0.01);
    } else expect(pool.totalFrames()).toBe(row.poolPages);
    pool.verify();
  });
});

describe.skipIf(!PRESENT)("zram (needs the shared reference data)", () => {
  test.each(expected.zram.filter(hasLengths))("$kernel, $compressor, $corpus: $poolPages frames", (row) => {
    const classes = `kernel-${row.kernel}` as const;
    const pool = new ZsmallocPool(frames(), { chainPages: row.zsmallocChainSize, classes });
    const watermark = sizeClasses(row.zsmallocChainSize, classes)
      .filter((each) => !isHuge(each))
      .at(-1)!.size;
    const huge = watermark - 7; // From here on zram stores the page uncompressed.
    const lengths = lengthsOf(row.compressor, row.corpus);
    expect(lengths.filter((length) => length === SAME_FILLED).length).toBe(row.samePages);
    storeAll(
      pool,
      lengths.filter((length) => length !== SAME_FILLED).map((length) => (length >= huge ? PAGE_SIZE : length)),
    );
    expect(pool.totalFrames()).toBe(row.poolPages);
    pool.verify();
  });
});
