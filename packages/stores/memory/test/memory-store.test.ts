import assert from "node:assert/strict";
import { PAGE_SIZE, TierError } from "@pagetier/base";
import { describe, test } from "vitest";
import { MemoryStore, memoryStore, plugin } from "../src/index.js";

const pageOf = (byte: number): Uint8Array => new Uint8Array(PAGE_SIZE).fill(byte);

describe("MemoryStore", () => {
  test("lets go of a segment with its last page", async () => {
    const store = new MemoryStore();
    await store.open();
    const empty = store.memoryBytes();
    await store.writePages([0, 255, 256], [pageOf(1), pageOf(2), pageOf(3)]);
    await store.discard([0, 0, 77]);
    const two = store.memoryBytes();
    await store.discard([255]);
    assert.ok(store.memoryBytes() < two - (1 << 20) + PAGE_SIZE);
    await store.discard([256]);
    assert.equal(store.memoryBytes(), empty);
    assert.equal(store.counters().heldPages, 0);
    assert.equal(store.counters().discardedPages, 3);
    await store.close();
  });

  test("has as many slots as whole pages fit its size", () => {
    assert.equal(new MemoryStore({ size: "1MiB" }).capacity, 256);
    assert.equal(new MemoryStore({ size: 3 * PAGE_SIZE - 1 }).capacity, 2);
    assert.equal(new MemoryStore().capacity, Number.POSITIVE_INFINITY);
    assert.throws(
      () => new MemoryStore({ size: "4095" }),
      (error) => TierError.is(error, "BAD_SIZE"),
    );
  });
});

describe("the memory plugin", () => {
  test("describes a node by its own name", () => {
    assert.deepEqual(memoryStore({ size: "1MiB" }), { use: "memory", size: "1MiB" });
    assert.equal(plugin.name, "memory");
    assert.equal(plugin.family, "store");
  });

  test("names what is wrong with a size", async () => {
    const result = await plugin.options["~standard"].validate({ size: "1mb" });
    assert.match(result.issues?.[0]?.message ?? "", /Did you mean \d+MiB/);
  });

  test("knows no other option", async () => {
    const result = await plugin.options["~standard"].validate({ path: "x" });
    assert.match(result.issues?.[0]?.message ?? "", /path/);
  });
});
