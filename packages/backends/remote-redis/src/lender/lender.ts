// A machine that lends its memory: beside an engine that holds other machines' pages runs a lender, which gives the engine as much memory
// as this machine can do without.
//
// The engine itself decides who goes first: under `volatile-lru` it drops pages with a TTL, which may be dropped, the least recently
// used first, and never one without, which must be kept. The lender sets the limit above which it does so. It never sets it below
// what must be kept takes: nothing would be gained, since the engine would drop nothing and refuse everything. Pages that must be kept
// leave when their owners take them home or give them up; until then the limit stands just above them, no new ones are taken (owners
// then write to their own swap store), and it sinks with each page that leaves.
//
// The limit is never 0, which means none to an engine.

import { assert, type Counters, type Scheduler, TierError } from "@pagetier/base";
import {
  accessOf,
  errorWord,
  isTemporary,
  parseServerInfo,
  type RedisArgument,
  RedisEngine,
  type RedisReply,
  redisSilent,
  type ServerInfo,
  Watchdog,
} from "@pagetier/redis";
import { type ClientPages, ForeignPages } from "./foreign-pages.js";
import { LentLimit, type LentMove } from "./lent-limit.js";
import type { MachineMemory } from "./machine-memory.js";
import type { LenderOptions } from "./options.js";

const POLICY = "volatile-lru";
/** Share of the machine's memory that it keeps for itself, unless told. */
const KEEP_FREE_SHARE = 0.1;
const NS_PER_MS = 1e6;
/** No pause lasts longer without a look whether it is over. */
const PAUSE_NS = 100e6;

/** As much of a connection as the lender uses: one life of the engine's process. */
export interface LenderConnection {
  readonly address: string;
  readonly info: { readonly runId: string };
  /** @throws ErrorReply the engine's answer; TierError REDIS_SILENT */
  send(command: readonly RedisArgument[]): Promise<RedisReply>;
}

/** The engine whose memory is lent. */
export interface LenderEngine {
  connection(purpose: "write"): Promise<LenderConnection>;
  close(): void;
}

export interface LenderParts {
  readonly scheduler: Scheduler;
  /** Folder against which paths in the options resolve. */
  readonly directory: string;
  readonly memory: MachineMemory;
  /** Default: the one at the options' `url`. */
  readonly engine?: LenderEngine;
}

/**
 * - `lending`: all is well; `shrinking`, `growing`: the limit was changed.
 * - `overcommitted`: pages that must be kept take more than the machine wants to lend; no new ones are taken.
 * - `away`: the engine does not answer.
 */
export type LenderState = "lending" | "shrinking" | "growing" | "overcommitted" | "away";

/** What one look came to. Bytes as the engine counts them. */
export interface LenderLook {
  readonly state: LenderState;
  /** The engine's limit from now on. */
  readonly limitBytes: number;
  /** What the machine would lend now. */
  readonly wantedBytes: number;
  readonly usedBytes: number;
  /** What the engine's process takes of the machine. */
  readonly residentBytes: number;
  /** What the engine needs for itself and what must be kept: the limit is not set below. */
  readonly keptBytes: number;
  readonly keptKeys: number;
  /** Keys that may be dropped. */
  readonly volatileKeys: number;
  /** Keys that the engine has dropped since it was started. */
  readonly evictedKeys: number;
  readonly availableBytes: number | undefined;
  readonly stallShare: number | undefined;
  /** Whether {@link Lender.clients} is new. */
  readonly counted: boolean;
  /** Why the engine does not answer. */
  readonly problem?: string;
}

export class Lender {
  readonly #options: LenderOptions;
  readonly #parts: LenderParts;
  readonly #limit: LentLimit;
  readonly #foreign = new ForeignPages();
  #engine: LenderEngine | undefined;
  #runId = "";
  #applied: number | undefined;
  /** Whether the allocator has to be told that pages were dropped. */
  #purgeDue = false;
  #looks = 0;
  #awayLooks = 0;
  #overcommittedLooks = 0;
  #shrinks = 0;
  #grows = 0;

  /** @throws TierError LENDER_BLIND when nothing tells how much memory the machine has */
  constructor(options: LenderOptions, parts: LenderParts) {
    this.#options = options;
    this.#parts = parts;
    const totalBytes = parts.memory.totalBytes();
    const { availableBytes } = parts.memory.look(parts.scheduler.clock.now());
    if (totalBytes === undefined || availableBytes === undefined) {
      throw new TierError(
        "LENDER_BLIND",
        "nothing tells how much memory this machine has left: /proc/meminfo cannot be read; lend where Linux' /proc is mounted.",
      );
    }
    const keepFreeBytes = options.keepFreeBytes ?? Math.floor(KEEP_FREE_SHARE * totalBytes);
    this.#limit = new LentLimit({ memoryBytes: options.memoryBytes, keepFreeBytes });
  }

  /**
   * Connects to the engine and looks for the first time.
   *
   * @throws TierError LENDER_REFUSED when the engine does not let us set its limit, or look; REDIS_SILENT, REDIS_REFUSED, REDIS_SETTINGS
   */
  async open(): Promise<LenderLook> {
    assert(this.#engine === undefined, "a lender is opened once");
    this.#engine = this.#parts.engine ?? (await this.#engineAtUrl());
    try {
      return await this.#lookNow(this.#engine);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Looks again and again. @param isOver asked several times a second @param onLook told what each look came to */
  async run(isOver: () => boolean, onLook: (look: LenderLook) => void): Promise<void> {
    const { scheduler } = this.#parts;
    for (;;) {
      const dueNs = scheduler.clock.now() + this.#options.intervalMs * NS_PER_MS;
      for (let now = scheduler.clock.now(); now < dueNs && !isOver(); now = scheduler.clock.now()) {
        await scheduler.sleep(Math.min(PAUSE_NS, dueNs - now));
      }
      if (isOver()) return;
      onLook(await this.look());
    }
  }

  /** Looks once, and acts. An engine that does not answer is `away`. @throws TierError LENDER_REFUSED */
  async look(): Promise<LenderLook> {
    assert(this.#engine !== undefined, "a lender is opened before it looks");
    try {
      return await this.#lookNow(this.#engine);
    } catch (error) {
      if (!TierError.is(error, "REDIS_SILENT")) throw error;
      this.#awayLooks++;
      return this.#away(error);
    }
  }

  /** Pages that the engine holds, by client, when all were last counted. */
  get clients(): ReadonlyMap<string, Readonly<ClientPages>> {
    return this.#foreign.clients;
  }

  counters(): Counters {
    let persistentPages = 0;
    let ephemeralPages = 0;
    for (const client of this.clients.values()) {
      persistentPages += client.persistentPages;
      ephemeralPages += client.ephemeralPages;
    }
    return {
      looks: this.#looks,
      awayLooks: this.#awayLooks,
      overcommittedLooks: this.#overcommittedLooks,
      shrinks: this.#shrinks,
      grows: this.#grows,
      countingPasses: this.#foreign.passes,
      clients: this.clients.size,
      persistentPages,
      ephemeralPages,
    };
  }

  /** The engine keeps the limit that it has: nobody would lower a higher one when memory gets short. */
  close(): void {
    this.#engine?.close();
  }

  async #engineAtUrl(): Promise<LenderEngine> {
    const { scheduler, directory } = this.#parts;
    const access = await accessOf(this.#options, directory);
    return new RedisEngine(access.addresses[0]!, access, new Watchdog(scheduler), async () => undefined);
  }

  async #lookNow(engine: LenderEngine): Promise<LenderLook> {
    const connection = await engine.connection("write");
    try {
      return await this.#lookAt(connection);
    } catch (error) {
      throw told(error, connection.address);
    }
  }

  async #lookAt(connection: LenderConnection): Promise<LenderLook> {
    if (connection.info.runId !== this.#runId) {
      this.#runId = connection.info.runId;
      this.#foreign.reset();
    }
    const counted = await this.#foreign.step(connection, this.#options.countKeysMax);
    const info = parseServerInfo(String(await connection.send(["INFO"])));
    // The engine drops pages after it was told to, a piece at a time: what it gave back by now counts as the machine's.
    if (this.#purgeDue) await this.#purge(connection);
    this.#purgeDue = false;
    const memory = this.#parts.memory.look(this.#parts.scheduler.clock.now());
    const usedBytes = info.usedMemoryBytes - info.uncountedMemoryBytes;
    const move = this.#limit.decide(memory, usedBytes);
    const keptBytes = this.#keptBytes(info, usedBytes);
    const limitBytes = this.#limitFor(move, keptBytes);
    await this.#apply(connection, info, limitBytes);
    const keptKeys = info.keys - info.volatileKeys;
    const isOvercommitted = keptKeys > 0 && this.#limit.wantedBytes < keptBytes;
    this.#looks++;
    if (isOvercommitted) this.#overcommittedLooks++;
    return {
      state: isOvercommitted ? "overcommitted" : stateAfter(move),
      limitBytes,
      wantedBytes: this.#limit.wantedBytes,
      usedBytes,
      residentBytes: info.residentMemoryBytes,
      keptBytes,
      keptKeys,
      volatileKeys: info.volatileKeys,
      evictedKeys: info.evictedKeys,
      ...memory,
      counted,
    };
  }

  /** Rather too much than too little: what was not counted yet is taken for something that must be kept. */
  #keptBytes(info: ServerInfo, usedBytes: number): number {
    const { keys, bytes } = this.#foreign.volatile;
    if (info.volatileKeys === 0 || keys === 0) return usedBytes;
    return Math.max(1, usedBytes - Math.floor(Math.min(bytes, (bytes / keys) * info.volatileKeys)));
  }

  /** Only a machine that is at ease raises the limit. */
  #limitFor(move: LentMove, keptBytes: number): number {
    const limitBytes = Math.max(1, this.#limit.wantedBytes, keptBytes);
    if (move === "grow" || this.#applied === undefined) return limitBytes;
    return Math.min(limitBytes, this.#applied);
  }

  async #apply(connection: LenderConnection, info: ServerInfo, limitBytes: number): Promise<void> {
    if (info.evictionPolicy !== POLICY) await connection.send(["CONFIG", "SET", "maxmemory-policy", POLICY]);
    const before = this.#applied;
    if (limitBytes !== info.maxMemoryBytes) await connection.send(["CONFIG", "SET", "maxmemory", String(limitBytes)]);
    this.#applied = limitBytes;
    if (before === undefined || limitBytes === before) return;
    if (limitBytes > before) this.#grows++;
    else this.#shrinks++;
    this.#purgeDue = limitBytes < before;
  }

  /** What was dropped is the allocator's, until it is told; where there is another allocator this is an error, and no harm. */
  async #purge(connection: LenderConnection): Promise<void> {
    await connection.send(["MEMORY", "PURGE"]).catch((error: unknown) => {
      if (errorWord(error) === undefined) throw error;
    });
  }

  #away({ message }: Error): LenderLook {
    return {
      state: "away",
      limitBytes: this.#applied ?? 0,
      wantedBytes: this.#limit.wantedBytes,
      usedBytes: 0,
      residentBytes: 0,
      keptBytes: 0,
      keptKeys: 0,
      volatileKeys: 0,
      evictedKeys: 0,
      availableBytes: undefined,
      stallShare: undefined,
      counted: false,
      problem: message,
    };
  }
}

/** What an engine's answer means that is no result. */
function told(error: unknown, address: string): unknown {
  const word = errorWord(error);
  if (word === undefined) return error;
  const { message } = error as Error;
  if (isTemporary(error)) return redisSilent(address, message, false, error);
  return new TierError(
    "LENDER_REFUSED",
    `Redis at ${address} refuses what a lender asks (${message}); allow its user CONFIG SET, INFO, EVAL_RO, SCAN, OBJECT, PTTL, STRLEN and MEMORY.`,
    { address },
    { cause: error },
  );
}

function stateAfter(move: LentMove): LenderState {
  return move === "hold" ? "lending" : move === "shrink" ? "shrinking" : "growing";
}
