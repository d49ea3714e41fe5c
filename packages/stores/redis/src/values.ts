// Values of keys at an engine or a Cluster, each operation tried again where somebody else may answer. All of them may be repeated: numbers
// rise.

import type { Scheduler } from "@pagetier/base";
import {
  accessOf,
  ClusterKeyspace,
  EngineList,
  errorWord,
  isAtLeast,
  isBroken,
  type RedisArgument,
  type RedisConnection,
  type RedisEngine,
  type RedisKeyspace,
  type RedisPurpose,
  type RedisReply,
  type RedisSettings,
  redisRefused,
} from "@pagetier/redis";
import { SCRIPTS, type Script } from "./scripts.js";

const ATTEMPTS_MAX = 4;
const VERSION_MIN = 7;

export class Values {
  readonly keyspace: RedisKeyspace;

  private constructor(keyspace: RedisKeyspace) {
    this.keyspace = keyspace;
  }

  /** Connects. @throws TierError REDIS_… */
  static async open(settings: RedisSettings, directory: string, scheduler: Scheduler): Promise<Values> {
    const access = await accessOf(settings, directory);
    const keyspace = settings.cluster
      ? new ClusterKeyspace(access, scheduler, prepare)
      : new EngineList(access, scheduler, prepare);
    try {
      await keyspace.open();
    } catch (error) {
      keyspace.close();
      throw error;
    }
    return new Values(keyspace);
  }

  /** @param isSuspect whether an answer may come from an engine that is behind: another one is looked for then, once */
  get(name: string, isSuspect: (value: Buffer | null) => boolean): Promise<Buffer | null> {
    return this.#tried(name, "read", ["GET", name], (reply) =>
      isSuspect(reply as Buffer | null),
    ) as Promise<Buffer | null>;
  }

  /** @throws ErrorReply OOM; TierError REDIS_SILENT */
  run(script: Script, name: string, ...args: RedisArgument[]): Promise<RedisReply> {
    return this.#tried(name, "write", ["EVALSHA", script.sha, "1", name, ...args], () => false);
  }

  /** Adds to a number that the engine keeps. @returns what it is now */
  raise(name: string, by: number): Promise<RedisReply> {
    return this.#tried(name, "write", ["INCRBY", name, String(by)], () => false);
  }

  /** Removes every key that matches, at every engine. */
  async removeMatching(pattern: string): Promise<void> {
    for (const engine of this.keyspace.engines) {
      const connection = await engine.connection("write");
      let cursor = "0";
      do {
        const [next, keys] = (await connection.send(["SCAN", cursor, "MATCH", pattern, "COUNT", "1000"])) as [
          Buffer,
          Buffer[],
        ];
        cursor = String(next);
        await Promise.all(keys.map((key) => connection.send(["UNLINK", key])));
      } while (cursor !== "0");
    }
  }

  close(): void {
    this.keyspace.close();
  }

  async #tried(
    name: string,
    purpose: RedisPurpose,
    command: readonly RedisArgument[],
    isSuspect: (reply: RedisReply) => boolean,
  ): Promise<RedisReply> {
    let askedAt: RedisEngine | undefined;
    let before: readonly (readonly RedisArgument[])[] = [];
    for (let attempt = 1; ; attempt++) {
      const engine = askedAt ?? this.keyspace.engineFor(name, 0);
      try {
        const connection = await engine.connection(purpose);
        const firsts = before.map((each) => connection.send(each));
        const reply = connection.send(command);
        await Promise.allSettled([...firsts, reply]);
        if (attempt === 1 && isSuspect(await reply) && (await this.keyspace.lookAgain(name, engine, undefined)))
          continue;
        return await reply;
      } catch (error) {
        if (attempt === ATTEMPTS_MAX) throw error;
        askedAt = this.keyspace.askedAt(error);
        before = [];
        if (askedAt !== undefined) before = [["ASKING"]];
        else if (errorWord(error) === "NOSCRIPT") before = SCRIPTS.map(({ text }) => ["SCRIPT", "LOAD", text]);
        else if (errorWord(error) === "OOM") throw error;
        else if (!(await this.keyspace.lookAgain(name, engine, error)) && (attempt > 1 || !isBroken(error)))
          throw error;
      }
    }
  }
}

async function prepare(connection: RedisConnection): Promise<void> {
  const { address, info } = connection;
  if (!isAtLeast(info.version, VERSION_MIN)) {
    throw redisRefused(address, `its version is ${info.version}; use Redis 7 or later, or Valkey`);
  }
  if (info.evictionPolicy.startsWith("allkeys-")) {
    throw redisRefused(
      address,
      `its maxmemory-policy is ${info.evictionPolicy}, which drops pages; set noeviction, or volatile-lru`,
    );
  }
  await Promise.all(SCRIPTS.map(({ text }) => connection.send(["SCRIPT", "LOAD", text])));
}
