// A Redis Cluster as its nodes describe it. 16384 hash slots are dealt to masters; any node tells how. After a failover the
// old master may still believe that it is one, so what counts is the description of the latest epoch, from a majority of the
// nodes that we know.

import { type Scheduler, TierError } from "@pagetier/base";
import slotOfKey from "cluster-key-slot";
import type { RedisReply } from "./connection.js";
import type { RedisEngine, RedisPreparation } from "./engine.js";
import { EnginePool, type RedisKeyspace, someConnection } from "./keyspace.js";
import { errorWord, redisSilent } from "./redis-error.js";
import type { RedisAccess, RedisAddress } from "./settings.js";

/** Who serves hash slots `first` to `last`, and who else is there. */
interface SlotRange {
  readonly first: number;
  readonly last: number;
  readonly master: RedisAddress;
  readonly replicas: readonly RedisAddress[];
}

interface Description {
  readonly epoch: number;
  readonly ranges: readonly SlotRange[];
}

export class ClusterKeyspace implements RedisKeyspace {
  readonly #pool: EnginePool;
  readonly #seeds: readonly RedisEngine[];
  #epoch = -1;
  /** Engine by hash slot. */
  #bySlot: (RedisEngine | undefined)[] = [];
  #masters: readonly RedisEngine[] = [];
  #refreshing: Promise<void> | undefined;

  constructor(access: RedisAccess, scheduler: Scheduler, prepare: RedisPreparation) {
    this.#pool = new EnginePool(access, scheduler, prepare);
    this.#seeds = access.addresses.map((address) => this.#pool.at(address));
  }

  get engines(): readonly RedisEngine[] {
    return this.#masters;
  }

  async open(): Promise<void> {
    for (const { info, address } of await someConnection(this.#seeds)) {
      if (info.isCluster) continue;
      throw new TierError("REDIS_REFUSED", `Redis at ${address} is no node of a Cluster; leave cluster: true out.`, {
        address,
      });
    }
    await this.#refresh();
  }

  engineFor(key: string): RedisEngine {
    const slot = slotOfKey(key);
    const engine = this.#bySlot[slot];
    if (engine === undefined) {
      const address = this.#seeds[0]!.address;
      throw redisSilent(address, `no master of the Cluster serves hash slot ${slot}`, false);
    }
    return engine;
  }

  async lookAgain(key: string, engine: RedisEngine, error: unknown): Promise<boolean> {
    const slot = slotOfKey(key);
    const moved = errorWord(error) === "MOVED" ? redirection(error as Error) : undefined;
    if (moved !== undefined) this.#bySlot[slot] = this.#pool.at(moved);
    await this.#refresh();
    return this.#bySlot[slot] !== undefined && this.#bySlot[slot] !== engine;
  }

  askedAt(error: unknown): RedisEngine | undefined {
    const address = errorWord(error) === "ASK" ? redirection(error as Error) : undefined;
    return address && this.#pool.at(address);
  }

  close(): void {
    this.#pool.close();
  }

  /** Those who ask meanwhile share the answer. */
  #refresh(): Promise<void> {
    this.#refreshing ??= this.#describe().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #describe(): Promise<void> {
    const best = await latest(this.#pool.all);
    if (best === undefined || best.epoch < this.#epoch) return;
    this.#epoch = best.epoch;
    const bySlot = new Array<RedisEngine | undefined>(16384).fill(undefined);
    const masters = new Set<RedisEngine>();
    for (const { first, last, master, replicas } of best.ranges) {
      const engine = this.#pool.at(master);
      masters.add(engine);
      bySlot.fill(engine, first, last + 1);
      for (const replica of replicas) this.#pool.at(replica); // To be asked when the master is gone.
    }
    this.#bySlot = bySlot;
    this.#masters = [...masters];
  }
}

/** Asks all of them; a majority of answers is enough. @returns the description of the latest epoch */
function latest(engines: readonly RedisEngine[]): Promise<Description | undefined> {
  return new Promise((resolve) => {
    let best: Description | undefined;
    let answers = 0;
    let left = engines.length;
    for (const engine of engines) {
      void describe(engine).then((description) => {
        left--;
        if (description !== undefined) {
          answers++;
          if (best === undefined || description.epoch > best.epoch) best = description;
        }
        if (left === 0 || answers * 2 > engines.length) resolve(best);
      });
    }
  });
}

async function describe(engine: RedisEngine): Promise<Description | undefined> {
  try {
    const connection = await engine.connection("read");
    const [info, slots] = await Promise.all([
      connection.send(["CLUSTER", "INFO"]),
      connection.send(["CLUSTER", "SLOTS"]),
    ]);
    const epoch = /cluster_current_epoch:(\d+)/.exec(String(info))?.[1];
    const host = engine.address.slice(0, engine.address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
    return { epoch: Number(epoch ?? 0), ranges: (slots as RedisReply[][]).map((range) => rangeOf(range, host)) };
  } catch {
    return undefined; // Others will know.
  }
}

/** @param asked the host that answered: an entry without one means itself */
function rangeOf([first, last, master, ...replicas]: readonly RedisReply[], asked: string): SlotRange {
  const addressOf = (entry: RedisReply): RedisAddress => {
    const [host, port] = entry as RedisReply[];
    const name = host === null ? "" : String(host);
    return { host: name === "" || name === "?" ? asked : name, port: Number(port) };
  };
  return {
    first: Number(first),
    last: Number(last),
    master: addressOf(master!),
    replicas: replicas.map(addressOf),
  };
}

/** Where `MOVED 3999 127.0.0.1:6381` leads. */
function redirection({ message }: Error): RedisAddress | undefined {
  const match = /^(?:MOVED|ASK) \d+ (.+):(\d+)$/.exec(message);
  return match === null || match[1] === "" ? undefined : { host: match[1]!, port: Number(match[2]) };
}
