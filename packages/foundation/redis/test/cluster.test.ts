import assert from "node:assert/strict";
import { realScheduler, TierError } from "@pagetier/base";
import { afterAll, beforeAll, describe, test } from "vitest";
import { z } from "zod";
import { accessOf, ClusterKeyspace, EngineList, errorWord, REDIS_SHAPE, type RedisEngine } from "../src/index.js";
import { NO_REDIS, RedisCluster, RedisServer, redisProgram, until } from "../src/testing/index.js";

const schema = z.strictObject(REDIS_SHAPE);
const KEYS = Array.from({ length: 60 }, (_, index) => `key:${index}`);

describe.skipIf(redisProgram === undefined)(`a Cluster (${redisProgram ?? NO_REDIS})`, () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await RedisCluster.start();
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  const keyspace = async (urls: readonly string[]) => {
    const settings = schema.parse({ url: urls, cluster: true, timeoutMs: 500, connectTimeoutMs: 500 });
    return new ClusterKeyspace(await accessOf(settings, "/"), realScheduler, async () => undefined);
  };

  /** Sends a command of a key to whoever serves it, as often as that changes. */
  const send = async (keys: ClusterKeyspace, key: string, ...words: string[]): Promise<unknown> => {
    for (let attempt = 0; ; attempt++) {
      const engine = keys.engineFor(key);
      try {
        return await (await engine.connection("read")).send([...words]);
      } catch (error) {
        if (attempt === 5 || !(await keys.lookAgain(key, engine, error))) throw error;
      }
    }
  };

  test("one node leads to all; each key is served by its master", async () => {
    const keys = await keyspace([cluster.urls[1]!]);
    await keys.open();
    assert.equal(keys.engines.length, 3);
    const used = new Set<RedisEngine>();
    for (const key of KEYS) {
      used.add(keys.engineFor(key));
      await send(keys, key, "SET", key, "1");
    }
    assert.equal(used.size, 3, "keys are dealt to all masters");
    assert.equal(keys.engineFor("{a}:1"), keys.engineFor("{a}:2"), "a hash tag keeps keys together");
    keys.close();
  });

  test("a slot that moved is found", async () => {
    const keys = await keyspace([cluster.urls[0]!]);
    await keys.open();
    const key = KEYS.find((each) => keys.engineFor(each).address.endsWith(String(cluster.nodes[0]!.port)))!;
    const slot = /\d+/.exec(await cluster.nodes[0]!.command("CLUSTER", "KEYSLOT", key))![0];
    const target = /[0-9a-f]{40}/.exec(await cluster.nodes[1]!.command("CLUSTER", "MYID"))![0];
    await cluster.nodes[0]!.command("FLUSHALL");
    for (const node of cluster.nodes.slice(0, 3)) await node.command("CLUSTER", "SETSLOT", slot, "NODE", target);
    await cluster.nodes[1]!.command("CLUSTER", "BUMPEPOCH");
    await send(keys, key, "SET", key, "2");
    assert.ok(keys.engineFor(key).address.endsWith(String(cluster.nodes[1]!.port)));
    keys.close();
  });

  test("modes that do not fit are REDIS_REFUSED", async () => {
    const settings = schema.parse({ url: cluster.urls[0]! });
    const list = new EngineList(await accessOf(settings, "/"), realScheduler, async () => undefined);
    await assert.rejects(list.open(), (error) => TierError.is(error, "REDIS_REFUSED"));
    list.close();
    await using single = await RedisServer.start();
    const keys = await keyspace([single.url]);
    await assert.rejects(keys.open(), (error) => TierError.is(error, "REDIS_REFUSED"));
    keys.close();
  });

  test("after a master dies its replica serves its keys; it comes back as a replica", async () => {
    const keys = await keyspace([cluster.urls[0]!]);
    await keys.open();
    const dead = cluster.nodes[2]!;
    const key = KEYS.find((each) => keys.engineFor(each).address.endsWith(String(dead.port)))!;
    await send(keys, key, "SET", key, "3");
    await (await keys.engineFor(key).connection("read")).send(["WAIT", "1", "1000"]);
    await dead.kill();
    const running = cluster.nodes.filter((node) => node !== dead);
    await until(async () => {
      return send(keys, key, "GET", key).then(
        (reply) => String(reply) === "3",
        (error) => {
          assert.ok(TierError.is(error, "REDIS_SILENT") || errorWord(error) === "CLUSTERDOWN", String(error));
          return false;
        },
      );
    }, "a replica took over");
    await cluster.settled(running);
    await dead.launch();
    await cluster.settled();
    assert.equal(String(await send(keys, key, "GET", key)), "3");
    assert.equal(keys.engines.length, 3);
    keys.close();
  });
});
