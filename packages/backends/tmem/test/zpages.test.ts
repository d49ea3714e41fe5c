import assert from "node:assert/strict";
import { ZbudPool } from "@pagetier/allocator-zbud";
import { ZsmallocPool } from "@pagetier/allocator-zsmalloc";
import { createPrng, PAGE_SIZE, TierError } from "@pagetier/base";
import { createLz4Compressor } from "@pagetier/compressor-lz4";
import { PageFrames } from "@pagetier/frames";
import { describe, test } from "vitest";
import { HOST_FLAG, isInTransit, kindOf, LOCAL, lengthOf, MARKER, REMOTE, Zpages } from "../src/index.js";

const frames = () => new PageFrames({ budgetBytes: 1 << 20 });

function zpagesOf(options: { sameFilledPages?: boolean; storeIncompressible?: boolean } = {}) {
  const memory = frames();
  const pool = new ZsmallocPool(memory, { chainPages: 4, classes: "kernel-6.18" });
  const given = { sameFilledPages: true, storeIncompressible: true, ...options };
  return { pool, memory, zpages: new Zpages(pool, createLz4Compressor({ engine: "js" }), memory, given) };
}

function pageOf(seed: number, random: number): Uint8Array {
  const prng = createPrng(seed);
  return Uint8Array.from({ length: PAGE_SIZE }, (_, index) => (index < random ? 1 + prng.below(255) : 7));
}

const HALF = pageOf(1, 2000);
const NOISE = pageOf(2, PAGE_SIZE);
const SAME = new Uint8Array(PAGE_SIZE);
new Uint32Array(SAME.buffer).fill(0x01020304);

describe("zpages", () => {
  test("come back as they were, compressed, raw, and as a marker that takes nothing", () => {
    const { zpages, pool } = zpagesOf();
    const held = [HALF, NOISE, SAME, new Uint8Array(PAGE_SIZE)].map((page) => {
      assert.equal(zpages.store(page, 0), undefined);
      return { page, word: zpages.word, meta: zpages.meta };
    });
    assert.deepEqual(
      held.map(({ meta }) => kindOf(meta)),
      [LOCAL, LOCAL, MARKER, MARKER],
    );
    for (const { page, word, meta } of held) {
      const into = new Uint8Array(PAGE_SIZE).fill(0xee);
      zpages.read(word, meta, into);
      assert.deepEqual(into, page);
      zpages.verifyPage(word, meta);
    }
    assert.deepEqual([zpages.sameFilledPages, zpages.incompressiblePages, zpages.compressedPages], [2, 1, 1]);
    assert.equal(zpages.rawBytes, PAGE_SIZE);
    for (const { word, meta } of held) zpages.free(word, meta);
    assert.deepEqual(
      [zpages.sameFilledPages, zpages.rawBytes, zpages.compressedBytes, pool.totalFrames()],
      [0, 0, 0, 0],
    );
  });

  test("travel as they are: out of one pool, through a buffer, into another", () => {
    for (const page of [HALF, NOISE]) {
      const here = zpagesOf();
      here.zpages.store(page, HOST_FLAG << 3);
      const { word, meta } = here.zpages;
      const bytes = new Uint8Array(PAGE_SIZE);
      const length = here.zpages.copyOut(word, bytes);
      assert.equal(length, lengthOf(meta));
      const away = here.zpages.remoteMeta(meta, 0);
      assert.equal(kindOf(away), REMOTE);
      assert.ok(!isInTransit(away));
      const into = new Uint8Array(PAGE_SIZE);
      here.zpages.decode(bytes.subarray(0, length), away, into);
      assert.deepEqual(into, page, "a page can be had from its bytes alone");
      const there = zpagesOf();
      assert.ok(there.zpages.copyIn(bytes, away, 0));
      there.zpages.read(there.zpages.word, there.zpages.meta, into);
      assert.deepEqual(into, page);
    }
  });

  test("refuse what does not compress, where they are told to, and what does not fit the pool", () => {
    const { zpages } = zpagesOf({ storeIncompressible: false });
    assert.equal(zpages.store(NOISE, 0), "poor");
    const memory = frames();
    const small = new Zpages(new ZbudPool(memory), createLz4Compressor({ engine: "js" }), memory, {
      sameFilledPages: false,
      storeIncompressible: true,
    });
    assert.equal(small.store(NOISE, 0), "poor", "zbud takes no whole page");
    assert.equal(small.store(SAME, 0), undefined);
    assert.equal(kindOf(small.meta), LOCAL, "no markers, where they are not wanted");
  });

  test("say when there is no memory, and when the budget has no room for the codec", () => {
    const { zpages } = zpagesOf();
    let stored = 0;
    while (zpages.store(pageOf(stored, PAGE_SIZE), 0) === undefined) stored++;
    assert.ok(stored > 100);
    assert.equal(zpages.store(NOISE, 0), "noMemory");
    const pool = new ZbudPool(frames());
    const options = { sameFilledPages: true, storeIncompressible: true };
    const broke = { charge: () => false, uncharge: () => undefined };
    assert.throws(
      () => new Zpages(pool, createLz4Compressor({ engine: "js" }), broke, options),
      (error) => TierError.is(error, "ZPAGES_NO_ROOM"),
    );
  });

  test("that are damaged end in the codec's error, or in a page", () => {
    const { zpages } = zpagesOf();
    zpages.store(HALF, 0);
    const { word, meta } = zpages;
    const bytes = new Uint8Array(PAGE_SIZE);
    const length = zpages.copyOut(word, bytes);
    for (let at = 0; at < length; at += 97) {
      const damaged = bytes.slice(0, length);
      damaged[at]! ^= 0x55;
      try {
        zpages.decode(damaged, meta, new Uint8Array(PAGE_SIZE));
      } catch (error) {
        assert.ok(TierError.is(error, "COMPRESSOR_CORRUPT"));
      }
    }
  });
});
