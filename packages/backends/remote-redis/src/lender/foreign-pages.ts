// Whose pages an engine holds, counted by SCAN a piece at a time. A pass over all keys takes many steps; what is shown is the pass before.
// SCAN may show a page twice while the engine's table grows, and shows pages that come and go meanwhile or not: counts are as true as that.

import type { RedisArgument, RedisReply } from "@pagetier/redis";
import { PARCEL_BYTES } from "@pagetier/tmem";
import { clientOf } from "../key-name.js";

/** What one client has here. Bytes are the engine's, with what it needs for itself. */
export interface ClientPages {
  persistentPages: number;
  persistentBytes: number;
  ephemeralPages: number;
  ephemeralBytes: number;
  /** Notes that a page was flushed; they go by themselves. */
  tombstones: number;
}

/** Keys that an engine is asked about at a time. */
const BATCH = 250;
/** Clients that are told apart; those beyond are counted together. */
const CLIENTS_MAX = 1000;
/** Keys of others than pagetier, and of clients beyond {@link CLIENTS_MAX}. Not a client's name: those have no brackets. */
export const OTHERS = "(others)";

/** Whom keys are asked of. */
export interface CountedEngine {
  send(command: readonly RedisArgument[]): Promise<RedisReply>;
}

interface Pass {
  readonly clients: Map<string, ClientPages>;
  volatileKeys: number;
  volatileBytes: number;
}

export class ForeignPages {
  #cursor = "0";
  #pass: Pass = emptyPass();
  #last: Pass | undefined;
  #passes = 0;

  /** Pages by client, of the last whole pass; empty before. */
  get clients(): ReadonlyMap<string, Readonly<ClientPages>> {
    return this.#last?.clients ?? new Map();
  }

  /** Whole passes so far. */
  get passes(): number {
    return this.#passes;
  }

  /** Keys that the engine may drop, and their bytes, as far as they are known: never more than there were. */
  get volatile(): { readonly keys: number; readonly bytes: number } {
    const { volatileKeys, volatileBytes } = this.#last ?? this.#pass;
    return { keys: volatileKeys, bytes: volatileBytes };
  }

  /** The engine has started again: what was counted is gone. */
  reset(): void {
    this.#cursor = "0";
    this.#pass = emptyPass();
    this.#last = undefined;
  }

  /** Counts on, up to about so many keys. @returns whether a pass was completed */
  async step(engine: CountedEngine, keysMax: number): Promise<boolean> {
    for (let looked = 0; looked < keysMax; looked += BATCH) {
      const [cursor, keys] = (await engine.send(["SCAN", this.#cursor, "COUNT", String(BATCH)])) as [Buffer, Buffer[]];
      await Promise.all(keys.map((key) => this.#count(engine, key)));
      this.#cursor = String(cursor);
      if (this.#cursor !== "0") continue;
      this.#last = this.#pass;
      this.#pass = emptyPass();
      this.#passes++;
      return true;
    }
    return false;
  }

  async #count(engine: CountedEngine, key: Buffer): Promise<void> {
    const [ttl, used, length] = await Promise.all([
      engine.send(["PTTL", key]),
      engine.send(["MEMORY", "USAGE", key]),
      engine.send(["STRLEN", key]).catch(() => 0), // Somebody else's, and no string.
    ]);
    if (used === null || ttl === -2) return; // Gone meanwhile.
    const isVolatile = Number(ttl) >= 0;
    const bytes = Number(used);
    if (isVolatile) {
      this.#pass.volatileKeys++;
      this.#pass.volatileBytes += bytes;
    }
    const pages = this.#pagesOf(clientOf(key.toString("latin1")) ?? OTHERS);
    if (isVolatile && Number(length) <= PARCEL_BYTES) pages.tombstones++;
    else if (isVolatile) {
      pages.ephemeralPages++;
      pages.ephemeralBytes += bytes;
    } else {
      pages.persistentPages++;
      pages.persistentBytes += bytes;
    }
  }

  #pagesOf(name: string): ClientPages {
    const { clients } = this.#pass;
    const known = clients.get(name);
    if (known !== undefined) return known;
    if (clients.size >= CLIENTS_MAX && name !== OTHERS) return this.#pagesOf(OTHERS);
    const pages = { persistentPages: 0, persistentBytes: 0, ephemeralPages: 0, ephemeralBytes: 0, tombstones: 0 };
    clients.set(name, pages);
    return pages;
  }
}

function emptyPass(): Pass {
  return { clients: new Map(), volatileKeys: 0, volatileBytes: 0 };
}
