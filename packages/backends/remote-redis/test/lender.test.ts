import assert from "node:assert/strict";
import { realScheduler, TierError } from "@pagetier/base";
import { ManualScheduler } from "@pagetier/base/testing";
import { NO_REDIS, RedisServer, redisProgram } from "@pagetier/redis/testing";
import type { RemoteOwner } from "@pagetier/tmem";
import { describe, test } from "vitest";
import { LENDER_SCHEMA, Lender, type LenderLook, type MachineMemory, type MemoryLook } from "../src/lender/index.js";
import { ownerAt } from "./engines.js";
import { BASE_BYTES, FakeEngine } from "./fake-engine.js";

const MIB = 2 ** 20;

/** A machine that is as short of memory as a test says. */
class ScriptedMemory implements MachineMemory {
  now: MemoryLook = { availableBytes: 4000 * MIB, stallShare: 0 };

  totalBytes(): number | undefined {
    return this.now.availableBytes === undefined ? undefined : 8000 * MIB;
  }

  look(): MemoryLook {
    return this.now;
  }

  set(availableMib: number, stallShare = 0): void {
    this.now = { availableBytes: availableMib * MIB, stallShare };
  }
}

interface LenderBed {
  readonly engine: FakeEngine;
  readonly memory: ScriptedMemory;
  readonly lender: Lender;
}

/** A lender of 16 MiB on a machine that keeps 1000 MiB for itself. */
function bed(options: Record<string, unknown> = {}): LenderBed {
  const engine = new FakeEngine();
  const memory = new ScriptedMemory();
  const settings = LENDER_SCHEMA.parse({ memoryBytes: 16 * MIB, keepFreeBytes: 1000 * MIB, ...options });
  const lender = new Lender(settings, { scheduler: new ManualScheduler(), directory: "/", memory, engine });
  return { engine, memory, lender };
}

async function looks(lender: Lender, count: number): Promise<LenderLook> {
  let look = await lender.look();
  for (let times = 1; times < count; times++) look = await lender.look();
  return look;
}

describe("a lender", () => {
  test("sets the limit and the policy, and leaves both when it ends", async () => {
    const { engine, lender } = bed();
    const look = await lender.open();
    assert.equal(look.limitBytes, 16 * MIB);
    assert.equal(engine.policy, "volatile-lru");
    assert.equal(engine.maxMemoryBytes, 16 * MIB);
    assert.equal((await lender.look()).state, "lending");
    assert.equal(engine.limits.length, 1, "what is as it should be is not set again");
    lender.close();
    assert.ok(engine.closed);
    assert.equal(engine.maxMemoryBytes, 16 * MIB);
  });

  test("under pressure pages that may be dropped go, and none that must be kept", async () => {
    const { engine, memory, lender } = bed();
    await lender.open();
    engine.fill("web", 1000, 4096, false);
    engine.fill("web", 2000, 4096, true);
    await lender.look();
    memory.set(100);
    const first = await lender.look();
    assert.equal(first.state, "shrinking");
    assert.ok(first.limitBytes < first.usedBytes);
    const last = await looks(lender, 12);
    assert.equal(last.state, "overcommitted");
    assert.deepEqual([last.keptKeys, last.volatileKeys, last.evictedKeys], [1000, 0, 2000]);
    assert.equal(last.limitBytes, BASE_BYTES + 1000 * 4096, "just above what must be kept");
    assert.equal(last.wantedBytes, 0);
  });

  test("the limit sinks as owners take their pages home, and does not rise with what they put meanwhile", async () => {
    const { engine, memory, lender } = bed();
    await lender.open();
    engine.fill("web", 1000, 4096, false);
    memory.set(100);
    await looks(lender, 8);
    for (let index = 0; index < 400; index++) engine.keys.delete(`pt:{web.life:0/1}/${index}p`);
    assert.equal((await lender.look()).limitBytes, BASE_BYTES + 600 * 4096);
    engine.fill("web", 10, 4096, false, 5000);
    assert.equal((await lender.look()).limitBytes, BASE_BYTES + 600 * 4096);
    engine.keys.clear();
    assert.equal((await lender.look()).limitBytes, BASE_BYTES, "never 0, which would be none");
    assert.ok(engine.limits.every((limit) => limit > 0));
  });

  test("when the machine is at ease again the limit comes back step by step", async () => {
    const { engine, memory, lender } = bed();
    await lender.open();
    engine.fill("web", 500, 4096, true);
    memory.set(100);
    await looks(lender, 6);
    memory.set(4000);
    assert.equal((await looks(lender, 4)).state, "lending");
    assert.equal((await lender.look()).state, "growing");
    assert.equal((await looks(lender, 20)).limitBytes, 16 * MIB);
    const { grows, shrinks } = lender.counters();
    assert.ok(grows! >= 16 && shrinks! >= 1, `${grows} ${shrinks}`);
  });

  test("a limit that somebody else set, and one that was lost with the engine's life, are set again", async () => {
    const { engine, lender } = bed();
    await lender.open();
    engine.maxMemoryBytes = 0;
    await lender.look();
    assert.equal(engine.maxMemoryBytes, 16 * MIB);
    Object.assign(engine, { runId: "second", maxMemoryBytes: 0, policy: "allkeys-lru" });
    await lender.look();
    assert.deepEqual([engine.maxMemoryBytes, engine.policy], [16 * MIB, "volatile-lru"]);
  });

  test("counts pages by client, a bounded piece with each look", async () => {
    const { engine, lender } = bed({ countKeysMax: 500 });
    engine.fill("web-1", 700, 300, false);
    engine.fill("web-2", 600, 200, true);
    engine.keys.set("pt:{web-2.life:0/1}/9", { bytes: 12, isVolatile: true }); // A tombstone.
    engine.keys.set("somebody's", { bytes: 7, isVolatile: false });
    assert.equal((await lender.open()).counted, false);
    assert.equal((await lender.look()).counted, false);
    assert.equal(lender.clients.size, 0);
    assert.equal((await lender.look()).counted, true);
    const none = { persistentPages: 0, persistentBytes: 0, ephemeralPages: 0, ephemeralBytes: 0, tombstones: 0 };
    assert.deepEqual(Object.fromEntries(lender.clients), {
      "web-1": { ...none, persistentPages: 700, persistentBytes: 210_000 },
      "web-2": { ...none, ephemeralPages: 600, ephemeralBytes: 120_000, tombstones: 1 },
      "(others)": { ...none, persistentPages: 1, persistentBytes: 7 },
    });
    const { clients, persistentPages, ephemeralPages } = lender.counters();
    assert.deepEqual(
      { clients, persistentPages, ephemeralPages },
      { clients: 3, persistentPages: 701, ephemeralPages: 600 },
    );
  });

  test("an engine that is away is said to be, and looked for again", async () => {
    const { engine, lender } = bed();
    await lender.open();
    engine.failure = new TierError("REDIS_SILENT", "no answer", { sent: false });
    const look = await lender.look();
    assert.deepEqual([look.state, look.problem], ["away", "no answer"]);
    engine.failure = undefined;
    assert.equal((await lender.look()).state, "lending");
    assert.equal(lender.counters().awayLooks, 1);
  });

  test.each(["CONFIG", "EVAL_RO", "INFO"])("an engine that refuses %s: LENDER_REFUSED", async (command) => {
    const { engine, lender } = bed();
    engine.fill("web", 1, 100, true);
    engine.forbidden.add(command);
    await assert.rejects(
      lender.open(),
      (error) => TierError.is(error, "LENDER_REFUSED") && error.message.includes(`'${command}'`),
    );
    assert.ok(engine.closed);
  });

  test("an engine that still reads its disk is away", async () => {
    const { engine, lender } = bed();
    await lender.open();
    engine.loading = true;
    assert.equal((await lender.look()).state, "away");
    engine.loading = false;
    assert.equal((await lender.look()).state, "lending");
  });

  test("an engine whose Cluster elects a master is away", async () => {
    const { engine, lender } = bed();
    await lender.open();
    engine.scriptError = "ERR Error running script: Script attempted to execute a command while the cluster is down";
    assert.equal((await lender.look()).state, "away");
    engine.scriptError = undefined;
    assert.equal((await lender.look()).state, "lending");
  });

  test("a machine that tells nothing: LENDER_BLIND at the start; later files that go away lend no more", async () => {
    const { engine, memory, lender } = bed();
    await lender.open();
    engine.fill("web", 2000, 4096, true);
    memory.now = { availableBytes: undefined, stallShare: undefined };
    assert.equal((await looks(lender, 4)).limitBytes, 16 * MIB);
    assert.ok((await looks(lender, 3)).limitBytes < 8 * MIB);
    const settings = LENDER_SCHEMA.parse({ memoryBytes: 16 * MIB });
    assert.throws(
      () => new Lender(settings, { scheduler: new ManualScheduler(), directory: "/", memory, engine }),
      (error) => TierError.is(error, "LENDER_BLIND"),
    );
  });

  test("settings that make no sense are refused", () => {
    for (const wrong of [{}, { memoryBytes: 1000 }, { memoryBytes: MIB, url: ["redis://a", "redis://b"] }]) {
      assert.ok(!LENDER_SCHEMA.safeParse(wrong).success);
    }
  });
});

describe.skipIf(redisProgram === undefined)(`a lender beside an engine (${redisProgram ?? NO_REDIS})`, () => {
  const KEY = { pool: 0, object: 1 };
  const PAGES = 1500;
  /** Nothing here is about time, and the machine may be busy. */
  const PATIENT = { timeoutMs: 10_000, connectTimeoutMs: 10_000 };

  async function put(owner: RemoteOwner, kind: "persistent" | "ephemeral", from: number): Promise<string[]> {
    const pages = Array.from({ length: PAGES }, (_, index) =>
      owner.put({ ...KEY, index: from + index }, kind, from + index + 1, new Uint8Array(2000).fill(from + index), 1),
    );
    return (await Promise.all(pages)).map(({ generation }) => generation);
  }

  test("drops the pages of others that may go, keeps all that must be kept, takes no new ones, and lends again", async () => {
    await using server = await RedisServer.start(["--maxmemory-policy", "noeviction"]);
    const memory = new ScriptedMemory();
    const settings = LENDER_SCHEMA.parse({
      url: server.url,
      memoryBytes: 32 * MIB,
      keepFreeBytes: 1000 * MIB,
      ...PATIENT,
    });
    const lender = new Lender(settings, { scheduler: realScheduler, directory: "/", memory });
    await lender.open();
    const owner = await ownerAt(server.url, { client: "web-7", ...PATIENT });
    const lives = await put(owner, "persistent", 0);
    await put(owner, "ephemeral", PAGES);
    const counted = await lender.look();
    assert.ok(counted.counted);
    const client = lender.clients.get("web-7")!;
    assert.deepEqual([client.persistentPages, client.ephemeralPages, client.tombstones], [PAGES, PAGES, 0]);

    memory.set(100);
    let look = await looks(lender, 12);
    assert.equal(look.state, "overcommitted");
    for (let times = 0; look.volatileKeys > 0 && times < 20; times++) look = await lender.look();
    assert.deepEqual([look.keptKeys, look.volatileKeys, look.evictedKeys], [PAGES, 0, PAGES]);
    await assert.rejects(
      Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          owner.put({ ...KEY, index: 10_000 + index }, "persistent", 10_000 + index, new Uint8Array(4000), 1),
        ),
      ),
      (error) => TierError.is(error, "REMOTE_FULL"),
    );
    const into = new Uint8Array(4096);
    for (const [index, life] of lives.entries()) {
      const found = await owner.get({ ...KEY, index }, "persistent", life, into);
      assert.deepEqual([found?.length, into[0], into[1999]], [2000, index & 0xff, index & 0xff]);
    }

    memory.set(4000);
    look = await looks(lender, 30);
    assert.equal(look.limitBytes, 32 * MIB);
    await owner.put({ ...KEY, index: 20_000 }, "ephemeral", 20_000, new Uint8Array(4000), 1);
    await owner.close();
    lender.close();
  });

  test("counting a page is no use of it: the engine drops what was used longest ago", async () => {
    await using server = await RedisServer.start();
    await server.command("SET", "pt:{web.life:0/1}/1", "x".repeat(500), "EX", "1000");
    await server.command("SET", "pt:{web.life:0/1}/2", "x".repeat(500));
    await new Promise((resolve) => setTimeout(resolve, 2100)); // The engine's clock of uses has seconds.
    const memory = new ScriptedMemory();
    const settings = LENDER_SCHEMA.parse({ url: server.url, memoryBytes: 32 * MIB, keepFreeBytes: MIB, ...PATIENT });
    const lender = new Lender(settings, { scheduler: realScheduler, directory: "/", memory });
    await lender.open();
    assert.ok((await lender.look()).counted);
    for (const page of [1, 2]) {
      const idle = await server.command("OBJECT", "IDLETIME", `pt:{web.life:0/1}/${page}`);
      assert.match(idle, /^:[1-9]/, `page ${page} was used when it was counted`);
    }
    lender.close();
  });

  test("counts what it finds by client, and keys of others that are no strings", async () => {
    await using server = await RedisServer.start();
    for (const client of ["a", "b-1"]) {
      for (let index = 0; index < 300; index++) {
        const ttl = index % 3 === 0 ? ["EX", "1000"] : [];
        await server.command("SET", `pt:{${client}.life:0/${index}}/1`, "x".repeat(index === 0 ? 12 : 500), ...ttl);
      }
    }
    await server.command("SET", `pt:{${"n".repeat(33)}.life:0/1}/1`, "x");
    await server.command("RPUSH", "pt:list", "x");
    await server.command("SET", "other", "x", "EX", "1000");
    const settings = LENDER_SCHEMA.parse({ url: server.url, memoryBytes: 32 * MIB, ...PATIENT });
    const lender = new Lender(settings, { scheduler: realScheduler, directory: "/", memory: new ScriptedMemory() });
    assert.ok((await lender.open()).counted);
    const counts = [...lender.clients].map(([name, pages]) => {
      const { persistentPages, persistentBytes, ephemeralPages, ephemeralBytes, tombstones } = pages;
      assert.ok(persistentBytes >= persistentPages * (name === "(others)" ? 1 : 500), `${persistentBytes}`);
      assert.ok(ephemeralBytes >= ephemeralPages * (name === "(others)" ? 1 : 500), `${ephemeralBytes}`);
      return [name, persistentPages, ephemeralPages, tombstones];
    });
    assert.deepEqual(counts.sort(), [
      ["(others)", 2, 1, 0],
      ["a", 200, 99, 1],
      ["b-1", 200, 99, 1],
    ]);
    lender.close();
  });

  test("finds its engine again after a restart, and sets the limit anew", async () => {
    await using server = await RedisServer.start();
    const settings = LENDER_SCHEMA.parse({
      url: server.url,
      memoryBytes: 32 * MIB,
      ...PATIENT,
    });
    const lender = new Lender(settings, { scheduler: realScheduler, directory: "/", memory: new ScriptedMemory() });
    await lender.open();
    await server.kill();
    const away = await lender.look();
    assert.equal(away.state, "away");
    assert.match(away.problem!, /see that it runs/);
    await server.launch();
    assert.equal((await lender.look()).limitBytes, 32 * MIB);
    assert.match(await server.command("CONFIG", "GET", "maxmemory"), new RegExp(String(32 * MIB)));
    lender.close();
  });

  test("an engine whose user may not: LENDER_REFUSED", async () => {
    await using server = await RedisServer.start();
    await server.command("ACL", "SETUSER", "lender", "on", ">secret", "~*", "+@all", "-config");
    const url = server.url.replace("//", "//lender:secret@");
    const settings = LENDER_SCHEMA.parse({ url, memoryBytes: 32 * MIB, ...PATIENT });
    const lender = new Lender(settings, { scheduler: realScheduler, directory: "/", memory: new ScriptedMemory() });
    await assert.rejects(lender.open(), (error) => TierError.is(error, "LENDER_REFUSED"));
  });
});
