// An engine as the lender sees it: keys of which some carry a TTL, a limit, and the policy that drops those when it is passed.

import type { RedisArgument, RedisReply } from "@pagetier/redis";
import { ErrorReply } from "@redis/client";
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
    const [word = "", what = "", name = "", value = ""] = command.map(String);
    if (this.forbidden.has(word)) throw new ErrorReply(`NOPERM no permission to run '${word}'`);
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
      case "SCAN": {
        const names = [...this.keys.keys()];
        const from = Number(what);
        const to = from + Number(value);
        return [
          Buffer.from(to < names.length ? String(to) : "0"),
          names.slice(from, to).map((each) => Buffer.from(each)),
        ];
      }
      case "PTTL":
        return this.#of(what, ({ isVolatile }) => (isVolatile ? 1000 : -1), -2);
      case "STRLEN":
        return this.#of(what, ({ bytes }) => bytes, 0);
      case "MEMORY":
        return what === "PURGE" ? "OK" : this.#of<RedisReply>(name, ({ bytes }) => bytes, null);
      default:
        throw new ErrorReply(`ERR unknown command '${word}'`);
    }
  }

  #of<Answer>(name: string, answer: (key: FakeKey) => Answer, missing: Answer): Answer {
    const key = this.keys.get(name);
    return key === undefined ? missing : answer(key);
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
