// Where keys are: each on one engine of a list, or wherever a Cluster says.

import { type Scheduler, TierError } from "@pagetier/base";
import type { RedisConnection } from "./connection.js";
import { RedisEngine, type RedisPreparation } from "./engine.js";
import { addressText, type RedisAccess, type RedisAddress } from "./settings.js";
import { Watchdog } from "./watchdog.js";

/** Engines that serve keys. */
export interface RedisKeyspace {
  /** Connects to one engine at least. @throws TierError REDIS_REFUSED, REDIS_SILENT */
  open(): Promise<void>;
  /** Engines that serve keys now: the list, or the Cluster's masters. */
  readonly engines: readonly RedisEngine[];
  /** The engine that serves the key. @param place which of the engines, where that is ours to choose */
  engineFor(key: string, place: number): RedisEngine;
  /**
   * An engine did not serve a key, or could not be reached: looks whether another does.
   *
   * @returns whether it is worth asking again: another engine serves the key now
   */
  lookAgain(key: string, engine: RedisEngine, error: unknown): Promise<boolean>;
  /** The engine that an `ASK` names: to be asked once, with `ASKING` before. */
  askedAt(error: unknown): RedisEngine | undefined;
  close(): void;
}

/** Makes engines that share one watchdog, each once. */
export class EnginePool {
  readonly #access: RedisAccess;
  readonly #watchdog: Watchdog;
  readonly #prepare: RedisPreparation;
  readonly #engines = new Map<string, RedisEngine>();

  constructor(access: RedisAccess, scheduler: Scheduler, prepare: RedisPreparation) {
    this.#access = access;
    this.#watchdog = new Watchdog(scheduler);
    this.#prepare = prepare;
  }

  get all(): RedisEngine[] {
    return [...this.#engines.values()];
  }

  at(address: RedisAddress): RedisEngine {
    const name = addressText(address);
    let engine = this.#engines.get(name);
    if (engine === undefined) {
      engine = new RedisEngine(address, this.#access, this.#watchdog, this.#prepare);
      this.#engines.set(name, engine);
    }
    return engine;
  }

  close(): void {
    for (const engine of this.#engines.values()) engine.close();
  }
}

/** Engines that know nothing of each other; which of them has a key is ours to say. */
export class EngineList implements RedisKeyspace {
  readonly engines: readonly RedisEngine[];
  readonly #pool: EnginePool;

  constructor(access: RedisAccess, scheduler: Scheduler, prepare: RedisPreparation) {
    this.#pool = new EnginePool(access, scheduler, prepare);
    this.engines = access.addresses.map((address) => this.#pool.at(address));
  }

  async open(): Promise<void> {
    const connections = await someConnection(this.engines);
    for (const { info, address } of connections) {
      if (info.isCluster) {
        throw new TierError("REDIS_REFUSED", `Redis at ${address} is a node of a Cluster; say cluster: true.`, {
          address,
        });
      }
    }
  }

  engineFor(_key: string, place: number): RedisEngine {
    return this.engines[place % this.engines.length]!;
  }

  async lookAgain(): Promise<boolean> {
    return false;
  }

  askedAt(): undefined {
    return undefined;
  }

  close(): void {
    this.#pool.close();
  }
}

/** Asks every engine, and is content with one. @throws what an engine that refuses us says; else REDIS_SILENT of the first */
export async function someConnection(engines: readonly RedisEngine[]): Promise<RedisConnection[]> {
  const attempts = await Promise.allSettled(engines.map((engine) => engine.connection("read")));
  const failures = attempts.flatMap((attempt) => (attempt.status === "rejected" ? [attempt.reason] : []));
  const refused = failures.find((error) => !TierError.is(error, "REDIS_SILENT"));
  if (refused !== undefined) throw refused;
  const connections = attempts.flatMap((attempt) => (attempt.status === "fulfilled" ? [attempt.value] : []));
  if (connections.length === 0) throw failures[0];
  return connections;
}
