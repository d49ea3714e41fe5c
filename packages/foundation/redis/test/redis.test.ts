import assert from "node:assert/strict";
import { realScheduler, TierError } from "@pagetier/base";
import { afterAll, describe, test } from "vitest";
import { z } from "zod";
import { accessOf, EngineList, errorWord, maybeDone, REDIS_SHAPE, type RedisSettings } from "../src/index.js";
import { NO_REDIS, RedisServer, redisProgram, TcpProxy } from "../src/testing/index.js";

const schema = z.strictObject(REDIS_SHAPE);

function settingsOf(given: Record<string, unknown>): RedisSettings {
  return schema.parse({ timeoutMs: 300, connectTimeoutMs: 300, ...given });
}

async function listOf(given: Record<string, unknown>): Promise<EngineList> {
  return new EngineList(await accessOf(settingsOf(given), "/"), realScheduler, async () => undefined);
}

async function failure(promise: Promise<unknown>): Promise<TierError> {
  const error = await promise.then(
    () => assert.fail("it fails"),
    (reason: unknown) => reason,
  );
  assert.ok(TierError.is(error), `a coded error, got ${error}`);
  return error;
}

describe("settings", () => {
  test("take addresses, user, password and TLS from URLs", async () => {
    const access = await accessOf(settingsOf({ url: ["redis://ann:s%40fe@db.example:7000/3", "redis://[::1]"] }), "/");
    assert.deepEqual(access.addresses, [
      { host: "db.example", port: 7000 },
      { host: "::1", port: 6379 },
    ]);
    assert.deepEqual([access.username, access.password, access.database, access.tls], ["ann", "s@fe", 3, undefined]);
    assert.deepEqual((await accessOf(settingsOf({ url: "rediss://x" }), "/")).tls, {});
  });

  test("refuse what is no engine's URL, and say what is", () => {
    for (const url of ["", "http://x", "redis://", "redis://x/abc", "127.0.0.1:6379"]) {
      const { error } = schema.safeParse({ url });
      assert.ok(error !== undefined, `${url} is refused`);
    }
  });

  test("files that are not there, two passwords, a database in a Cluster: REDIS_SETTINGS", async () => {
    const wrong: Record<string, unknown>[] = [
      { passwordFile: "not-there" },
      { password: "a", passwordFile: "b" },
      { url: "redis://x/3", cluster: true },
      { tls: { ca: "not-there.pem" } },
    ];
    for (const given of wrong) {
      const error = await failure(accessOf(settingsOf(given), "/nowhere"));
      assert.equal(error.code, "REDIS_SETTINGS");
    }
  });
});

describe.skipIf(redisProgram === undefined)(`connections to an engine (${redisProgram ?? NO_REDIS})`, () => {
  const things: AsyncDisposable[] = [];
  afterAll(async () => {
    for (const thing of things.reverse()) await thing[Symbol.asyncDispose]();
  });
  const started = async (config: readonly string[] = []) => {
    const server = await RedisServer.start(config);
    things.push(server);
    return server;
  };

  test("carry commands out in the order of the calls, and know the process's life", async () => {
    const server = await started();
    const list = await listOf({ url: server.url });
    await list.open();
    const connection = await list.engines[0]!.connection("write");
    const replies = await Promise.all([connection.send(["SET", "a", "1"]), connection.send(["INCR", "a"])]);
    assert.equal(replies[1], 2);
    assert.match(connection.info.runId, /^[0-9a-f]{40}$/);
    await assert.rejects(connection.send(["NOT-A-COMMAND"]), (error) => errorWord(error) === "ERR");
    assert.equal(await list.engines[0]!.connection("write"), connection, "one connection for each purpose");
    await server.restart();
    const next = await list.engines[0]!.connection("write");
    assert.notEqual(next.info.runId, connection.info.runId, "another life, another run id");
    const gone = await failure(connection.send(["PING"]));
    assert.ok(!maybeDone(gone), "nothing was sent on a connection that is gone");
    list.close();
  });

  test("a process that stands still: what was sent may be done, and is told within the time limit", async () => {
    const server = await started();
    const list = await listOf({ url: server.url });
    const connection = await list.engines[0]!.connection("write");
    server.stop();
    const error = await failure(connection.send(["SET", "a", "1"]));
    assert.equal(error.code, "REDIS_SILENT");
    assert.ok(maybeDone(error), "it may have been carried out");
    const connecting = await failure(list.engines[0]!.connection("write"));
    assert.ok(!maybeDone(connecting), "no connection, nothing sent");
    server.resume();
    const after = await list.engines[0]!.connection("write");
    assert.ok(after !== connection && after.isAlive);
    list.close();
  });

  test("slow answers keep a connection alive; silence ends it", async () => {
    const server = await started();
    await using proxy = await TcpProxy.start(server.port);
    const list = await listOf({ url: proxy.url });
    const connection = await list.engines[0]!.connection("read");
    proxy.delay(40);
    for (let count = 0; count < 10; count++) await connection.send(["PING"]);
    assert.ok(connection.isAlive);
    proxy.hold();
    assert.ok(maybeDone(await failure(connection.send(["PING"]))));
    list.close();
  });

  test("nobody there, and a connection that is cut: REDIS_SILENT", async () => {
    const server = await started();
    await using proxy = await TcpProxy.start(server.port);
    const list = await listOf({ url: proxy.url });
    const connection = await list.engines[0]!.connection("read");
    proxy.hold();
    const waiting = failure(connection.send(["PING"]));
    await new Promise((resolve) => setTimeout(resolve, 20));
    proxy.cut();
    assert.ok(maybeDone(await waiting));
    assert.equal((await failure(list.engines[0]!.connection("read"))).code, "REDIS_SILENT");
    list.close();
    assert.equal((await failure(list.engines[0]!.connection("read"))).code, "REDIS_SILENT");
  });

  test("a wrong password is REDIS_REFUSED at once, the right one from a URL works", async () => {
    const server = await started(["--requirepass", "secret"]);
    const wrong = await listOf({ url: server.url, password: "guess" });
    assert.equal((await failure(wrong.open())).code, "REDIS_REFUSED");
    const none = await listOf({ url: server.url });
    assert.equal((await failure(none.open())).code, "REDIS_REFUSED");
    const right = await listOf({ url: server.url.replace("redis://", "redis://:secret@") });
    await right.open();
    for (const list of [wrong, none, right]) list.close();
  });

  test("a list is open when one of its engines answers", async () => {
    const server = await started();
    const list = await listOf({ url: ["redis://127.0.0.1:1", server.url] });
    await list.open();
    assert.equal(list.engineFor("a", 1), list.engines[1]);
    list.close();
    const nobody = await listOf({ url: "redis://127.0.0.1:1" });
    assert.equal((await failure(nobody.open())).code, "REDIS_SILENT");
  });
});
