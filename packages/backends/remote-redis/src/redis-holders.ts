// Engines that hold pages for an owner.
//
// Places. With one engine, or a list of them, a place is an engine, and copies beyond the first are other engines' business;
// where there is one engine alone its replicas acknowledge (`WAIT`). On a Cluster a place is a variant of the key's name, which
// leads to another master, and each master's replicas acknowledge.
//
// Every operation may be repeated: the scripts compare sequences. So what a broken connection, a moved slot or a missing script
// stopped is tried again at once, where somebody else may answer; what stays unanswered is said to be.

import { assert, type Counters, type Scheduler, TierError } from "@pagetier/base";
import {
  accessOf,
  ClusterKeyspace,
  EngineList,
  errorWord,
  isAtLeast,
  isBroken,
  maybeDone,
  type RedisArgument,
  type RedisConnection,
  type RedisEngine,
  type RedisKeyspace,
  redisRefused,
} from "@pagetier/redis";
import {
  type HolderFlush,
  type HolderGet,
  type HolderPut,
  type HolderSilent,
  type Holders,
  PLACES_MAX,
  parcelSequence,
  type RemoteKey,
  type RemoteKind,
  sequenceBytes,
  tombstone,
} from "@pagetier/tmem";
import { keyName } from "./key-name.js";
import type { RemoteRedisOptions } from "./options.js";
import { lastReply, lifeOf, PutQueue } from "./put-queue.js";
import { FLUSH, PUT } from "./scripts.js";

/** How often an operation is tried where somebody else may answer. */
const ATTEMPTS_MAX = 4;
/** Seconds for which a late put must not come back after its flush. */
const TOMBSTONE_SECONDS = 3600;
const VERSION_MIN = 7;

export interface RedisHoldersParts {
  readonly scheduler: Scheduler;
  readonly directory: string;
}

export class RedisHolders implements Holders {
  readonly type = "redis";
  readonly #options: RemoteRedisOptions;
  readonly #parts: RedisHoldersParts;
  readonly #queues = new Map<RedisEngine, PutQueue>();
  #keyspace: RedisKeyspace | undefined;
  #owner = "";
  #retries = 0;
  #redirections = 0;

  constructor(options: RemoteRedisOptions, parts: RedisHoldersParts) {
    this.#options = options;
    this.#parts = parts;
  }

  get places(): number {
    const { cluster, url } = this.#options;
    if (!cluster) return [url].flat().length;
    return Math.max(1, Math.min(PLACES_MAX, this.#keyspace?.engines.length ?? 1));
  }

  async open(): Promise<void> {
    assert(this.#keyspace === undefined, "remote memory is opened once");
    const { scheduler, directory } = this.#parts;
    try {
      const access = await accessOf(this.#options, directory);
      const keyspace = this.#options.cluster
        ? new ClusterKeyspace(access, scheduler, prepare)
        : new EngineList(access, scheduler, prepare);
      this.#keyspace = keyspace;
      await keyspace.open();
      this.#owner = await this.#ownerName(keyspace);
    } catch (error) {
      this.#keyspace?.close();
      if (!TierError.is(error)) throw error;
      throw new TierError("REMOTE_OPEN", `remote memory: ${error.message}`, error.context, { cause: error });
    }
  }

  async put(place: number, key: RemoteKey, kind: RemoteKind, parcel: Uint8Array, copies: number): Promise<HolderPut> {
    const name = this.#nameOf(key, place);
    const ttl = kind === "persistent" ? "0" : String(this.#options.ephemeralTtlSeconds);
    const command = ["EVALSHA", PUT.sha, "1", name, bufferOf(parcel), ttl];
    const replicas = this.#hasReplicas ? copies - 1 : 0;
    return this.#tried<HolderPut>(name, place, async (engine, commands) => {
      try {
        const { reply, replicas: acknowledged, life } = await this.#queueOf(engine).send(commands(command), replicas);
        if (reply !== 1) return { said: "late" };
        return { said: "stored", copies: 1 + Math.min(acknowledged, replicas), life };
      } catch (error) {
        if (errorWord(error) === "OOM") return { said: "full" };
        throw error;
      }
    });
  }

  async get(place: number, key: RemoteKey, kind: RemoteKind, sequence: number): Promise<HolderGet> {
    const name = this.#nameOf(key, place);
    let looks = 0;
    return this.#tried<HolderGet>(name, place, async (engine, commands) => {
      const connection = await engine.connection("read");
      const life = lifeOf(connection);
      const parcel = (await lastReply(connection, commands(["GET", name]))) as Buffer | null;
      // A master that was away may not know yet that it is none any more, and answer from before.
      const isBehind = parcel === null || parcelSequence(parcel) < sequence;
      if (isBehind && kind === "persistent" && looks++ === 0) {
        if (await this.#keyspaceNow.lookAgain(name, engine, undefined)) return undefined;
      }
      return parcel === null ? { said: "missing", life } : { said: "found", parcel, life };
    });
  }

  async flush(place: number, key: RemoteKey, sequence: number, mayBeLate: boolean): Promise<HolderFlush> {
    const name = this.#nameOf(key, place);
    const stone = mayBeLate ? bufferOf(tombstone(key, sequence)) : "";
    const own = bufferOf(sequenceBytes(sequence));
    const command = ["EVALSHA", FLUSH.sha, "1", name, own, stone, String(TOMBSTONE_SECONDS)];
    return this.#tried<HolderFlush>(name, place, async (engine, commands) => {
      await lastReply(await engine.connection("write"), commands(command));
      return { said: "flushed" };
    });
  }

  memoryBytes(): number {
    return 0; // Connections and their buffers are the process's.
  }

  counters(): Counters {
    const engines = this.#keyspace?.engines ?? [];
    return {
      connections: engines.reduce((sum, { connects }) => sum + connects, 0),
      repeatedOperations: this.#retries,
      redirections: this.#redirections,
    };
  }

  async close(): Promise<void> {
    this.#keyspace?.close();
  }

  get #keyspaceNow(): RedisKeyspace {
    assert(this.#keyspace !== undefined, "remote memory is opened before it is used");
    return this.#keyspace;
  }

  /** Whether copies are replicas that acknowledge, rather than other places. */
  get #hasReplicas(): boolean {
    return this.#options.cluster || this.places === 1;
  }

  #nameOf(key: RemoteKey, place: number): string {
    return keyName(this.#owner, key, this.#options.cluster ? place : 0);
  }

  #queueOf(engine: RedisEngine): PutQueue {
    let queue = this.#queues.get(engine);
    if (queue === undefined) {
      queue = new PutQueue(engine, this.#options.waitMs);
      this.#queues.set(engine, queue);
    }
    return queue;
  }

  /**
   * Does an operation at whoever serves the key, and again while there is hope.
   *
   * @param attempt is given a function that readies a command for this engine; `undefined`: somebody else serves the key
   */
  async #tried<Answer>(
    name: string,
    place: number,
    attempt: (engine: RedisEngine, commands: Readied) => Promise<Answer | undefined>,
  ): Promise<Answer | HolderSilent> {
    const keyspace = this.#keyspaceNow;
    let sent = false;
    let cause: unknown;
    let commands: Readied = alone;
    let askedAt: RedisEngine | undefined;
    for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
      if (attempts > 0) this.#retries++;
      let engine: RedisEngine | undefined;
      try {
        engine = askedAt ?? keyspace.engineFor(name, place);
        const answer = await attempt(engine, commands);
        if (answer !== undefined) return answer;
        continue;
      } catch (error) {
        cause = error;
      }
      const word = errorWord(cause);
      askedAt = keyspace.askedAt(cause);
      commands = word === "NOSCRIPT" ? withScripts : askedAt === undefined ? alone : asking;
      sent ||= maybeDone(cause);
      if (word === "MOVED" || word === "ASK") this.#redirections++;
      if (word === "NOSCRIPT" || askedAt !== undefined) continue;
      if (engine !== undefined && (await keyspace.lookAgain(name, engine, cause))) continue;
      // A connection that broke may have been an old one: once more with a new one.
      if (attempts > 0 || !isBroken(cause)) break;
    }
    return { said: "silent", sent, cause };
  }

  async #ownerName(keyspace: RedisKeyspace): Promise<string> {
    for (const engine of keyspace.engines) {
      try {
        const connection = await engine.connection("read");
        // Never given out twice in a process's life, and no two lives have a name: unique.
        const number = Number(await connection.send(["CLIENT", "ID"]));
        return `${this.#options.client}.${lifeOf(connection)}-${number.toString(36)}`;
      } catch (error) {
        if (!maybeDone(error) && !TierError.is(error, "REDIS_SILENT")) throw error;
      }
    }
    throw redisRefused([this.#options.url].flat()[0]!, "no engine answers any more; see that one runs");
  }
}

/** Commands around an operation's own, which is the last. */
type Readied = (command: readonly RedisArgument[]) => readonly (readonly RedisArgument[])[];

const alone: Readied = (command) => [command];
const asking: Readied = (command) => [["ASKING"], command];
const withScripts: Readied = (command) => [["SCRIPT", "LOAD", PUT.text], ["SCRIPT", "LOAD", FLUSH.text], command];

/** Looks whether an engine will do, and teaches it the scripts. */
async function prepare(connection: RedisConnection): Promise<void> {
  const { address, info } = connection;
  if (!isAtLeast(info.version, VERSION_MIN)) {
    throw redisRefused(address, `its version is ${info.version}; use Redis 7 or later, or Valkey`);
  }
  if (info.evictionPolicy.startsWith("allkeys-")) {
    throw redisRefused(
      address,
      `its maxmemory-policy is ${info.evictionPolicy}, which drops pages that must be kept; set volatile-lru, or noeviction`,
    );
  }
  await Promise.all([PUT, FLUSH].map(({ text }) => connection.send(["SCRIPT", "LOAD", text])));
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}
