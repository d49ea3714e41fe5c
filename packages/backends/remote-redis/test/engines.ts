import assert from "node:assert/strict";
import { realScheduler, UNCHARGED } from "@pagetier/base";
import { RedisServer, TcpProxy } from "@pagetier/redis/testing";
import { type Holders, PARCEL_BYTES, RemoteOwner } from "@pagetier/tmem";
import { FaultyHolders, type RemoteMemoryCandidate } from "@pagetier/tmem/conformance";
import { REMOTE_REDIS_SCHEMA, RedisHolders } from "../src/index.js";

/** Remote memory with time limits that suit a test. */
export function holdersAt(url: string | readonly string[], options: Record<string, unknown> = {}): RedisHolders {
  const given = { url, timeoutMs: 400, connectTimeoutMs: 400, waitMs: 200, ...options };
  return new RedisHolders(REMOTE_REDIS_SCHEMA.parse(given), { scheduler: realScheduler, directory: "/" });
}

export async function ownerAt(
  url: string | readonly string[],
  options: Record<string, unknown> = {},
): Promise<RemoteOwner> {
  const owner = new RemoteOwner(holdersAt(url, options), UNCHARGED);
  await owner.open();
  return owner;
}

const COUNT_PAGES = `
local pages = 0
for _, key in ipairs(redis.call('KEYS', 'pt:*')) do
  if redis.call('STRLEN', key) > ${PARCEL_BYTES} then pages = pages + 1 end
end
return pages`;

/** Pages that an engine holds for anybody, tombstones not counted. */
export async function pagesAt(server: RedisServer): Promise<number> {
  const answer = await server.command("EVAL", COUNT_PAGES, "0");
  const count = /^:(\d+)/.exec(answer)?.[1];
  assert.ok(count !== undefined, `the engine counts: ${answer}`);
  return Number(count);
}

/** A machine as a client sees it: one address. Behind it are two engines, of which one is the machine's present life. */
class Machine {
  readonly #lives: readonly RedisServer[];
  readonly proxy: TcpProxy;
  #present = 0;
  #isFull = false;

  private constructor(lives: readonly RedisServer[], proxy: TcpProxy) {
    this.#lives = lives;
    this.proxy = proxy;
  }

  static async start(): Promise<Machine> {
    const config = ["--maxmemory-policy", "volatile-lru"];
    const lives = [await RedisServer.start(config), await RedisServer.start(config)];
    return new Machine(lives, await TcpProxy.start(lives[0]!.port));
  }

  get server(): RedisServer {
    return this.#lives[this.#present]!;
  }

  /** Another process with nothing in memory answers from now on. */
  async restart(): Promise<void> {
    this.#present = 1 - this.#present;
    await this.server.command("FLUSHALL");
    if (this.#isFull) await this.setFull(true);
    this.proxy.retarget(this.server.port);
  }

  async setFull(isFull: boolean): Promise<void> {
    this.#isFull = isFull;
    await this.server.command("CONFIG", "SET", "maxmemory", isFull ? "1" : "0");
  }

  async reset(): Promise<void> {
    this.proxy.cut(false);
    if (this.#isFull) await this.setFull(false);
    await this.server.command("FLUSHALL");
  }

  async stop(): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    for (const life of this.#lives) await life[Symbol.asyncDispose]();
  }
}

/** Machines that a whole file of tests shares. */
export class Machines {
  readonly #machines: readonly Machine[];

  private constructor(machines: readonly Machine[]) {
    this.#machines = machines;
  }

  static async start(count: number): Promise<Machines> {
    return new Machines(await Promise.all(Array.from({ length: count }, () => Machine.start())));
  }

  /** Empty machines, and an owner that knows all of them. */
  async candidate(): Promise<RemoteMemoryCandidate> {
    const machines = this.#machines;
    await Promise.all(machines.map((machine) => machine.reset()));
    const holders = new FaultyHolders(holdersAt(machines.map(({ proxy }) => proxy.url)) as Holders);
    const remote = new RemoteOwner(holders, UNCHARGED);
    return {
      remote,
      nodes: machines.length,
      setFull: async (node, full) => {
        await machines[node]!.setFull(full);
      },
      setReachable: (node, reachable) => machines[node]!.proxy.cut(!reachable),
      restart: (node) => machines[node]!.restart(),
      setTarget: (node) => remote.retarget(node),
      heldPages: async () => {
        let pages = 0;
        for (const { server } of machines) pages += await pagesAt(server);
        return pages;
      },
      dropEphemeral: async () => {
        for (const { server } of machines) await server.command("EVAL", DROP_VOLATILE, "0");
      },
      corruptNext: () => holders.corruptNext(),
      loseReply: () => holders.loseReply(),
      hold: () => holders.hold(),
      release: () => holders.release(),
    };
  }

  async stop(): Promise<void> {
    for (const machine of this.#machines) await machine.stop();
  }
}

const DROP_VOLATILE = `
for _, key in ipairs(redis.call('KEYS', 'pt:*')) do
  if redis.call('TTL', key) >= 0 then redis.call('DEL', key) end
end`;
