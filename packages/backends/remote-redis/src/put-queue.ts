import { errorWord, type RedisArgument, type RedisConnection, type RedisEngine, redisSilent } from "@pagetier/redis";

/** What became of a put: its script's answer, the replicas that have it, and the process that said so. */
export interface PutReply {
  readonly reply: unknown;
  readonly replicas: number;
  readonly life: string;
}

interface Waiting {
  readonly commands: readonly (readonly RedisArgument[])[];
  readonly replicas: number;
  readonly resolve: (reply: PutReply) => void;
  readonly reject: (error: unknown) => void;
}

/** Puts that share one `WAIT`. */
const BATCH_MAX = 256;

/**
 * Puts on their way to one engine. A put that wants replicas needs a `WAIT` behind it on the same connection, which holds up everything
 * after it; so those that come while one waits go out together afterwards, with one `WAIT` for all. Others go out at once.
 */
export class PutQueue {
  readonly #engine: RedisEngine;
  readonly #waitMs: number;
  readonly #waiting: Waiting[] = [];
  #running = false;

  constructor(engine: RedisEngine, waitMs: number) {
    this.#engine = engine;
    this.#waitMs = waitMs;
  }

  /**
   * Sends a put. @param commands the last of them is the put @param replicas that are to have it
   *
   * @throws ErrorReply, TierError REDIS_SILENT, REDIS_REFUSED
   */
  send(commands: readonly (readonly RedisArgument[])[], replicas: number): Promise<PutReply> {
    if (replicas === 0) return this.#sendAlone(commands);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ commands, replicas, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #sendAlone(commands: readonly (readonly RedisArgument[])[]): Promise<PutReply> {
    const connection = await this.#engine.connection("write");
    return { reply: await lastReply(connection, commands), replicas: 0, life: lifeOf(connection) };
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH_MAX);
      try {
        await this.#sendTogether(await this.#engine.connection("write"), batch);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = false;
  }

  async #sendTogether(connection: RedisConnection, batch: readonly Waiting[]): Promise<void> {
    const puts = batch.map(({ commands }) => lastReply(connection, commands));
    const wanted = Math.max(...batch.map(({ replicas }) => replicas));
    const wait = connection.send(["WAIT", String(wanted), String(this.#waitMs)]);
    const [replicas, ...replies] = await Promise.allSettled([wait, ...puts]);
    for (const [index, { resolve, reject }] of batch.entries()) {
      const put = replies[index]!;
      if (put.status === "rejected") reject(put.reason);
      else if (replicas.status === "rejected") reject(this.#notWaited(replicas.reason));
      else resolve({ reply: put.value, replicas: Number(replicas.value), life: lifeOf(connection) });
    }
  }

  /** The engine took the put and then could not say who has it: it is a replica itself now, and will forget. */
  #notWaited(error: unknown): unknown {
    if (errorWord(error) === undefined) return error;
    const reason = `WAIT failed (${error instanceof Error ? error.message : error})`;
    return redisSilent(this.#engine.address, reason, true, error);
  }
}

/** The process at the other end, in this life of it. */
export function lifeOf(connection: RedisConnection): string {
  return connection.info.runId.slice(0, 16);
}

/** Sends commands in one go. @returns the reply to the last of them */
export async function lastReply(
  connection: RedisConnection,
  commands: readonly (readonly RedisArgument[])[],
): Promise<unknown> {
  const replies = await Promise.allSettled(commands.map((command) => connection.send(command)));
  const last = replies.at(-1)!;
  if (last.status === "rejected") throw last.reason;
  return last.value;
}
