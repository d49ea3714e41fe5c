import assert from "node:assert/strict";
import { createPrng, PAGE_SIZE, TierError } from "@pagetier/base";
import { NO_REDIS, RedisServer, redisProgram, TcpProxy } from "@pagetier/redis/testing";
import type { BackingStore } from "@pagetier/store";
import { afterAll, describe, test } from "vitest";
import { REDIS_STORE_SCHEMA } from "../src/index.js";
import { storeAt } from "./engines.js";

const SLOTS = Array.from({ length: 40 }, (_, slot) => slot);

function pageOf(seed: number): Uint8Array {
  const prng = createPrng(seed);
  return Uint8Array.from({ length: PAGE_SIZE }, () => prng.below(256));
}

async function write(store: BackingStore, seed: number): Promise<(string | undefined)[]> {
  const statuses = await store.writePages(
    SLOTS,
    SLOTS.map((slot) => pageOf(seed + slot)),
  );
  return statuses.map((status) => status?.code);
}

/** Reads every slot. @returns codes; a page without one is that of `seed` */
async function check(store: BackingStore, seed: number): Promise<Set<string | undefined>> {
  const pages = SLOTS.map(() => new Uint8Array(PAGE_SIZE));
  const statuses = await store.readPages(SLOTS, pages);
  for (const slot of SLOTS) if (statuses[slot] === undefined) assert.deepEqual(pages[slot], pageOf(seed + slot));
  return new Set(statuses.map((status) => status?.code));
}

const fine = new Set([undefined]);

describe.skipIf(redisProgram === undefined)(`what befalls a store in an engine (${redisProgram ?? NO_REDIS})`, () => {
  const things: AsyncDisposable[] = [];
  afterAll(async () => {
    for (const thing of things.reverse()) await thing[Symbol.asyncDispose]();
  });
  const started = async (config: readonly string[] = []) => {
    const server = await RedisServer.start(config);
    things.push(server);
    return server;
  };

  test("an engine that restarts empty has lost the pages: STORE_CORRUPT, never zeroes or others; then it serves again", async () => {
    const server = await started();
    const store = storeAt(server.url);
    await store.open();
    await write(store, 0);
    await server.restart();
    assert.deepEqual(await check(store, 0), new Set(["STORE_CORRUPT"]));
    assert.deepEqual(new Set(await write(store, 100)), fine);
    assert.deepEqual(await check(store, 100), fine);
    await store.close();
  });

  test("an engine that comes back with an older state: the slots written since are STORE_CORRUPT, the others fine", async () => {
    const server = await started();
    const store = storeAt(server.url);
    await store.open();
    await write(store, 0);
    await server.command("SAVE");
    await store.writePages([3, 7], [pageOf(903), pageOf(907)]);
    await server.restart();
    const pages = SLOTS.map(() => new Uint8Array(PAGE_SIZE));
    const statuses = await store.readPages(SLOTS, pages);
    for (const slot of SLOTS) {
      if (slot === 3 || slot === 7)
        assert.equal(statuses[slot]?.code, "STORE_CORRUPT", "older is not what was written");
      else assert.deepEqual(pages[slot], pageOf(slot));
    }
    await store.close();
  });

  test("a full engine is STORE_NO_SPACE, and keeps what it has", async () => {
    const server = await started();
    const store = storeAt(server.url);
    await store.open();
    await write(store, 0);
    await server.command("CONFIG", "SET", "maxmemory", "1");
    assert.deepEqual(new Set(await write(store, 100)), new Set(["STORE_NO_SPACE"]));
    assert.deepEqual(await check(store, 0), fine);
    await server.command("CONFIG", "SET", "maxmemory", "0");
    assert.deepEqual(new Set(await write(store, 100)), fine);
    await store.close();
  });

  test("a line that is cut in the middle is STORE_IO; what was written before is there when it is back", async () => {
    const server = await started();
    await using proxy = await TcpProxy.start(server.port);
    const store = storeAt(proxy.url);
    await store.open();
    await write(store, 0);
    proxy.cut();
    assert.deepEqual(await check(store, 0), new Set(["STORE_IO"]));
    assert.deepEqual(new Set(await write(store, 100)), new Set(["STORE_IO"]));
    proxy.cut(false);
    assert.deepEqual(await check(store, 0), fine, "nothing was sent while it was cut");
    proxy.hold();
    assert.deepEqual(new Set(await write(store, 200)), new Set(["STORE_IO"]));
    proxy.release();
    assert.deepEqual(new Set(await write(store, 300)), fine, "a late write does not come through");
    assert.deepEqual(await check(store, 300), fine);
    await store.close();
  });

  test("a private store leaves nothing behind; a named one is one process's at a time", async () => {
    const server = await started();
    const first = storeAt(server.url);
    await first.open();
    await write(first, 0);
    await first.records.putRecords([{ key: 5, bytes: pageOf(5) }]);
    await first.discard([0, 1]);
    await first.close();
    assert.equal(await server.command("DBSIZE"), ":0\r\n");
    const named = storeAt(server.url, { name: "swap" });
    await named.open();
    await write(named, 0);
    const other = storeAt(server.url, { name: "swap" });
    await assert.rejects(
      other.open(),
      (error) => TierError.is(error, "STORE_OPEN") && /another process/.test(error.message),
    );
    await named.close();
    const again = storeAt(server.url, { name: "swap" });
    await again.open();
    assert.deepEqual(await check(again, 0), fine, "its pages survive");
    await server.command("SETRANGE", "ps:{swap/0}/9", "100", "x");
    const [status] = await again.readPages([9], [new Uint8Array(PAGE_SIZE)]);
    assert.equal(status?.code, "STORE_CORRUPT", "a damaged page has a code");
    await server.command("SET", "ps:{swap}/lock", "somebody else");
    await assert.rejects(again.flush(), (error) => TierError.is(error, "STORE_IO"));
    await again.close();
  });

  test("durable: survives kill -9 of the engine, and is refused where the engine does not write before it answers", async () => {
    const server = await started(["--appendonly", "yes", "--appendfsync", "always"]);
    const store = storeAt(server.url, { name: "kept", durable: true });
    await store.open();
    await write(store, 0);
    await store.flush();
    await server.restart();
    assert.deepEqual(await check(store, 0), fine);
    await store.close();
    await server.command("CONFIG", "SET", "appendfsync", "everysec");
    await assert.rejects(storeAt(server.url, { name: "kept", durable: true }).open(), (error) =>
      TierError.is(error, "STORE_OPEN"),
    );
  });

  test("nobody there, and options that make no sense, say so", async () => {
    await assert.rejects(storeAt("redis://127.0.0.1:1").open(), (error) => TierError.is(error, "STORE_OPEN"));
    for (const wrong of [{ size: "1" }, { durable: true }, { url: ["redis://a", "redis://b"] }, { name: "a b" }]) {
      assert.ok(!REDIS_STORE_SCHEMA.safeParse(wrong).success, JSON.stringify(wrong));
    }
  });
});
