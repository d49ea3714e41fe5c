// Whose pages an engine holds, counted by SCAN a piece at a time. A pass over all keys takes many steps; what is shown is the pass before.
// A script adds a piece up inside the engine, so that no page and no name travels: 5000 keys take some 60 ms of its time, half a
// millisecond at a go. SCAN may show a page twice while the engine's table grows, and shows pages that come and go meanwhile or not:
// counts are as true as that.

import type { RedisArgument, RedisReply } from "@pagetier/redis";
import { PARCEL_BYTES } from "@pagetier/tmem";
import { KEY_PREFIX } from "../key-name.js";

/** What one client has here. Bytes are the engine's, with what it needs for itself. */
export interface ClientPages {
  persistentPages: number;
  persistentBytes: number;
  ephemeralPages: number;
  ephemeralBytes: number;
  /** Notes that a page was flushed; they go by themselves. */
  tombstones: number;
}

/** Keys that an engine is asked about at a time: it does nothing else meanwhile. */
const BATCH = 50;
/** Clients that are told apart; those beyond are counted together. */
const CLIENTS_MAX = 1000;
/** Keys of others than pagetier, and of clients beyond {@link CLIENTS_MAX}. Not a client's name: those have no brackets. */
export const OTHERS = "(others)";

/**
 * ARGV: cursor, keys to look at, bytes of a tombstone. Answers the next cursor, and for each client its name (nothing: none of ours),
 * keys and bytes without a TTL, keys and bytes with one, tombstones and their bytes. Which client a name belongs to is {@link clientOf}.
 *
 * Counting must not count as use: the engine drops what was used longest ago. Of what is called here STRLEN alone makes a key look
 * used, so it is asked only where a value is as short as a tombstone, which the engine then keeps as `embstr`.
 */
const COUNT = `
local found = redis.call('SCAN', ARGV[1], 'COUNT', ARGV[2])
local clients, names = {}, {}
for _, key in ipairs(found[2]) do
  local bytes = redis.call('MEMORY', 'USAGE', key)
  local ttl = redis.call('PTTL', key)
  if bytes and ttl ~= -2 then
    local name = string.match(key, '^${KEY_PREFIX}{([%w_-]+)%.') or ''
    if #name > 32 then name = '' end
    if not clients[name] then
      clients[name] = {name, 0, 0, 0, 0, 0, 0}
      table.insert(names, name)
    end
    local at = 2
    if ttl >= 0 then
      at = 4
      if name ~= '' and redis.call('OBJECT', 'ENCODING', key) == 'embstr' and redis.call('STRLEN', key) <= tonumber(ARGV[3]) then at = 6 end
    end
    local client = clients[name]
    client[at] = client[at] + 1
    client[at + 1] = client[at + 1] + bytes
  end
end
local answer = {found[1]}
for _, name in ipairs(names) do table.insert(answer, clients[name]) end
return answer`;

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
      const reply = await engine.send(["EVAL_RO", COUNT, "0", this.#cursor, String(BATCH), String(PARCEL_BYTES)]);
      const [cursor, ...clients] = reply as [Buffer, ...RedisReply[]];
      for (const client of clients) this.#add(client as readonly RedisReply[]);
      this.#cursor = String(cursor);
      if (this.#cursor !== "0") continue;
      this.#last = this.#pass;
      this.#pass = emptyPass();
      this.#passes++;
      return true;
    }
    return false;
  }

  /** Adds what {@link COUNT} found of one client. */
  #add([name, ...numbers]: readonly RedisReply[]): void {
    const [persistentPages, persistentBytes, ephemeralPages, ephemeralBytes, tombstones, tombstoneBytes] =
      numbers as number[];
    const pages = this.#pagesOf(String(name) || OTHERS);
    pages.persistentPages += persistentPages!;
    pages.persistentBytes += persistentBytes!;
    pages.ephemeralPages += ephemeralPages!;
    pages.ephemeralBytes += ephemeralBytes!;
    pages.tombstones += tombstones!;
    this.#pass.volatileKeys += ephemeralPages! + tombstones!;
    this.#pass.volatileBytes += ephemeralBytes! + tombstoneBytes!;
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
