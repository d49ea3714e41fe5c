// Write-back as records, and the way back.

import { PAGE_SIZE, TierError } from "@pagetier/base";
import { TokenCompressor } from "@pagetier/compressor/conformance";
import { createLz4Compressor } from "@pagetier/compressor-lz4";
import { createZstdCompressor } from "@pagetier/compressor-zstd";
import { describe, expect, test } from "vitest";
import type { Zswap } from "../src/index.js";
import { type Bed, type BedOptions, bed, noise, pageOf } from "./bed.js";

/** Pages 1..count, all written back. */
async function writtenBack(count: number, options: BedOptions, make = pageOf): Promise<Bed> {
  const made = bed(options);
  for (let offset = 1; offset <= count; offset++) made.zswap.store(0, offset, make(offset), "only");
  made.zswap.shrink(count);
  await made.writeback.flush();
  expect(made.zswap.recordPages()).toBe(count);
  made.zswap.verify();
  return made;
}

async function expectFetched(zswap: Zswap, offset: number, page: Uint8Array): Promise<void> {
  const into = new Uint8Array(PAGE_SIZE).fill(0xee);
  expect(await zswap.fetch(0, offset, into)).toBe("hit");
  expect(Buffer.compare(into, page)).toBe(0);
}

const compressed = { zswap: { writeback: "compressed", readaheadPages: 0 } } as const;

describe("compressed write-back", () => {
  test("writes the zpage as it is, and the pool has nothing of it any more", async () => {
    const { zswap, writeback, pool } = bed(compressed);
    let record: Uint8Array | undefined;
    writeback.onSubmitRecord = (_type, _offset, bytes) => {
      record = bytes.slice();
    };
    zswap.store(0, 1, pageOf(1), "only");
    const length = zswap.storedBytes(0, 1);
    zswap.shrink(1);
    await writeback.flush();
    const codec = createLz4Compressor({ engine: "js" });
    codec.input.set(record!);
    codec.decompress(0, record!.length);
    expect(record!.length).toBe(length);
    expect(Buffer.compare(codec.output, pageOf(1))).toBe(0);
    expect([pool.totalFrames(), zswap.storedBytes(0, 1), zswap.currPages()]).toEqual([0, -1, 1]);
    expect(zswap.counters()).toMatchObject({ writtenBackPages: 1, writtenBackRecords: 1, writtenBackBytes: length });
    await expectFetched(zswap, 1, pageOf(1));
    await expectFetched(zswap, 1, pageOf(1)); // The record stays until the slot is given up.
    zswap.verify();
  });

  test("takes a raw page as it is", async () => {
    const { zswap } = await writtenBack(3, compressed, noise);
    expect(zswap.counters().writtenBackBytes).toBe(3 * PAGE_SIZE);
    await expectFetched(zswap, 2, noise(2));
  });

  test("with keys in front of zpages writes none of them", async () => {
    const { zswap } = await writtenBack(3, { zswap: { ...compressed.zswap, lru: "frame" } });
    for (let offset = 1; offset <= 3; offset++) await expectFetched(zswap, offset, pageOf(offset));
    zswap.verify();
  });

  test("writes pages where the area's store keeps no records", async () => {
    const { zswap, writeback } = bed({ ...compressed, records: false });
    zswap.store(0, 1, pageOf(1), "only");
    zswap.shrink(1);
    await writeback.flush();
    expect(zswap.counters()).toMatchObject({ writtenBackPages: 1, writtenBackRecords: 0, writtenBackBytes: PAGE_SIZE });
    expect(Buffer.compare(writeback.deviceRead(0, 1)!, pageOf(1))).toBe(0);
  });

  test("a record whose bytes are not what was written is a lost page", async () => {
    const { zswap, writeback } = await writtenBack(1, { ...compressed, compressor: new TokenCompressor() });
    writeback.readFailure = new TierError("STORE_CORRUPT", "its checksum is wrong, says the test.");
    const fetching = zswap.fetch(0, 1, new Uint8Array(PAGE_SIZE));
    await expect(fetching).rejects.toMatchObject({ code: "FRONTSWAP_LOST", message: /checksum is wrong/ });
    writeback.readFailure = new TierError("STORE_IO", "later, says the test.");
    await expect(zswap.fetch(0, 1, new Uint8Array(PAGE_SIZE))).rejects.toMatchObject({ code: "STORE_IO" });
    writeback.readFailure = undefined;
    await expectFetched(zswap, 1, pageOf(1));
  });
});

describe("recompressed write-back", () => {
  test("takes the stronger codec, and leaves what that does not shorten", async () => {
    const { zswap, writeback } = bed({
      memory: 4 << 20, // The codec's buffers alone are 2 MiB.
      zswap: { writeback: "recompressed", readaheadPages: 0 },
      strong: createZstdCompressor(),
    });
    const text = (seed: number): Uint8Array =>
      new Uint8Array(Buffer.from(`{"id":${seed},"name":"n${seed * 7919}","tags":["a","b"]},`.repeat(200))).slice(
        0,
        PAGE_SIZE,
      );
    const lengths = new Map<number, number>();
    writeback.onSubmitRecord = (_type, offset, bytes) => lengths.set(offset, bytes.length);
    zswap.store(0, 1, text(1), "only");
    zswap.store(0, 2, noise(2), "only");
    const stored = zswap.storedBytes(0, 1);
    zswap.shrink(2);
    await writeback.flush();
    expect(lengths.get(1)!).toBeLessThan(stored);
    expect(lengths.get(2)).toBe(PAGE_SIZE);
    expect(zswap.counters()).toMatchObject({ recompressedPages: 1, writtenBackRecords: 2 });
    await expectFetched(zswap, 1, text(1));
    await expectFetched(zswap, 2, noise(2));
    zswap.verify();
  });

  test("keeps the zpage as it is when the stronger codec is none", async () => {
    const { zswap } = await writtenBack(2, {
      zswap: { writeback: "recompressed", readaheadPages: 0 },
      compressor: new TokenCompressor(800),
      strong: new TokenCompressor(900),
    });
    expect(zswap.counters()).toMatchObject({ recompressedPages: 0, writtenBackBytes: 1600 });
    await expectFetched(zswap, 1, pageOf(1));
  });
});

describe("reading back", () => {
  const ahead = { zswap: { writeback: "compressed", readaheadPages: 8 } } as const;

  test("brings neighbours into the pool as they are, and counts each that is loaded", async () => {
    const { zswap, writeback } = await writtenBack(30, ahead);
    await expectFetched(zswap, 1, pageOf(1));
    const { readaheadPages, cleanPages } = zswap.counters();
    expect(readaheadPages).toBe(7); // All of 8, itself included: nothing has failed to pay yet.
    expect(cleanPages).toBe(7);
    const into = new Uint8Array(PAGE_SIZE);
    for (const offset of [2, 3, 4]) {
      expect(zswap.load(0, offset, into)).toBe("hit");
      expect(Buffer.compare(into, pageOf(offset))).toBe(0);
    }
    expect(zswap.counters()).toMatchObject({ readaheadHits: 3 });
    zswap.load(0, 2, into);
    expect(zswap.counters()).toMatchObject({ readaheadHits: 3 }); // Once for each.
    expect(writeback.submits).toBe(30);
    zswap.verify();
  });

  test("reads nothing ahead when that did not pay", async () => {
    const { zswap } = await writtenBack(30, ahead);
    for (const offset of [1, 15, 29, 8, 22]) await expectFetched(zswap, offset, pageOf(offset));
    const { readaheadPages } = zswap.counters();
    await expectFetched(zswap, 12, pageOf(12));
    expect(zswap.counters().readaheadPages).toBe(readaheadPages);
    zswap.verify();
  });

  test("what came along is dropped without being written, and is below as before", async () => {
    const { zswap, writeback } = await writtenBack(10, ahead);
    await expectFetched(zswap, 1, pageOf(1));
    const { readaheadPages } = zswap.counters();
    expect(zswap.recordPages()).toBe(10 - readaheadPages!);
    zswap.shrink(10);
    await writeback.flush();
    expect(writeback.submits).toBe(10);
    expect(zswap.recordPages()).toBe(10);
    expect(zswap.counters()).toMatchObject({ droppedCleanPages: readaheadPages, storedPages: 0 });
    for (let offset = 1; offset <= 10; offset++) await expectFetched(zswap, offset, pageOf(offset));
    zswap.verify();
  });

  test("a copy that is taken out leaves the record, so that memory holds no only copy", async () => {
    const { zswap } = await writtenBack(10, { zswap: { ...ahead.zswap, exclusiveLoads: true } });
    await expectFetched(zswap, 1, pageOf(1));
    const into = new Uint8Array(PAGE_SIZE);
    expect(zswap.load(0, 2, into)).toBe("hit");
    expect(zswap.storedBytes(0, 2)).toBe(-1);
    await expectFetched(zswap, 2, pageOf(2));
    zswap.verify();
  });

  test("takes nothing into a pool that is nearly full", async () => {
    const { zswap } = await writtenBack(10, { ...ahead, zswap: { ...ahead.zswap, poolFull: "writeback-lru" } });
    for (let offset = 100; offset < 147; offset++) zswap.store(0, offset, noise(offset), "only");
    await expectFetched(zswap, 1, pageOf(1));
    expect(zswap.counters().readaheadPages).toBe(0);
    zswap.verify();
  });
});
