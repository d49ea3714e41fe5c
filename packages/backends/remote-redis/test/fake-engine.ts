// An engine as the lender sees it: keys of which some carry a TTL, a limit, and the policy that drops those when it is passed.

import type { RedisArgument, RedisReply } from "@pagetier/redis";
import { ErrorReply } from "@redis/client";
import { clientOf } from "../src/index.js";
import type { LenderConnection, LenderEngine } from "../src/lender/index.js";

/** What the engine needs for itself. */
export const BASE_BYTES = 1_000_000;

interface FakeKey {
  readonly bytes: number;
  readonly isVolatile: boolean;
}

export class FakeEngine implements LenderEngine {
  readonly keys = new Map<string, FakeKey>();
  maxMemoryBytes = 0;
  policy = "noeviction";
  runId = "first";
  evictedKeys = 0;
  /** Limits that were set, one after the other. */
  readonly limits: number[] = [];
  /** Commands of the kind that the user may not use. */
  readonly forbidden = new Set<string>();
  failure: Error | undefined;
  loading = false;
  /** What every script is answered, as by a Cluster that elects a master. */
  scriptError: string | undefined;
  closed = false;

  get usedBytes(): number {
    let used = BASE_BYTES;
    for (const { bytes } of this.keys.values()) used += bytes;
    return used;
  }

  fill(client: string, count: number, bytes: number, isVolatile: boolean, from = 0): void {
    for (let index = from; index < from + count; index++) {
      this.keys.set(`pt:{${client}.life:0/1}/${index}${isVolatile ? "e" : "p"}`, { bytes, isVolatile });
    }
  }

  async connection(): Promise<LenderConnection> {
    if (this.failure !== undefined) throw this.failure;
    const { runId } = this;
    return { address: "fake:6379", info: { runId }, send: (command) => this.#send(command) };
  }

  close(): void {
    this.closed = true;
  }

  /** As each command does at a real one. */
  #evict(): void {
    for (const [name, { isVolatile }] of this.keys) {
      if (this.maxMemoryBytes === 0 || this.usedBytes <= this.maxMemoryBytes) return;
      if (!isVolatile || !this.policy.startsWith("volatile-")) continue;
      this.keys.delete(name);
      this.evictedKeys++;
    }
  }

  async #send(command: readonly RedisArgument[]): Promise<RedisReply> {
    const [word = "", , name = "", value = ""] = command.map(String);
    if (this.forbidden.has(word)) throw new ErrorReply(`NOPERM no permission to run '${word}'`);
    if (this.loading && word !== "INFO") throw new ErrorReply("LOADING Redis is loading the dataset in memory");
    if (this.scriptError !== undefined && word === "EVAL_RO") throw new ErrorReply(this.scriptError);
    this.#evict();
    switch (word) {
      case "INFO":
        return Buffer.from(this.#info());
      case "CONFIG":
        if (name === "maxmemory-policy") this.policy = value;
        else {
          this.maxMemoryBytes = Number(value);
          this.limits.push(Number(value));
        }
        return "OK";
      case "EVAL_RO":
        return this.#count(Number(command[3]), Number(command[4]), Number(command[5]));
      case "MEMORY":
        return "OK";
      default:
        throw new ErrorReply(`ERR unknown command '${word}'`);
    }
  }

  /** What the lender's script answers. */
  #count(from: number, keys: number, tombstoneBytes: number): RedisReply {
    const names = [...this.keys.keys()];
    const clients = new Map<string, number[]>();
    for (const name of names.slice(from, from + keys)) {
      const { bytes, isVolatile } = this.keys.get(name)!;
      const client = clientOf(name) ?? "";
      const numbers = clients.get(client) ?? [0, 0, 0, 0, 0, 0];
      clients.set(client, numbers);
      const at = !isVolatile ? 0 : client !== "" && bytes <= tombstoneBytes ? 4 : 2;
      numbers[at]!++;
      numbers[at + 1]! += bytes;
    }
    const cursor = from + keys < names.length ? String(from + keys) : "0";
    return [Buffer.from(cursor), ...[...clients].map(([name, numbers]) => [Buffer.from(name), ...numbers])];
  }

  #info(): string {
    const expires = [...this.keys.values()].filter(({ isVolatile }) => isVolatile).length;
    return [
      `run_id:${this.runId}`,
      `used_memory:${this.usedBytes}`,
      "mem_not_counted_for_evict:0",
      `used_memory_rss:${this.usedBytes}`,
      `maxmemory:${this.maxMemoryBytes}`,
      `maxmemory_policy:${this.policy}`,
      `evicted_keys:${this.evictedKeys}`,
      `db0:keys=${this.keys.size},expires=${expires},avg_ttl=0`,
    ].join("\r\n");
  }
}
