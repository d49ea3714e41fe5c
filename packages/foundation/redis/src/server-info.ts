/** What an engine says of itself in the answer to INFO. */
export interface ServerInfo {
  /** Identity of this life of the process: another one after each start. */
  readonly runId: string;
  /** `7.0.15`; for Valkey the version of Redis that it is compatible with. */
  readonly version: string;
  readonly isCluster: boolean;
  readonly role: "master" | "slave";
  readonly connectedReplicas: number;
  /** What it drops when memory is short: `noeviction`, `volatile-lru`, … */
  readonly evictionPolicy: string;
  /** 0: no limit. */
  readonly maxMemoryBytes: number;
  readonly usedMemoryBytes: number;
  /** Of it, buffers that do not count against the limit. */
  readonly uncountedMemoryBytes: number;
  /** What the process takes of its machine's memory. */
  readonly residentMemoryBytes: number;
  /** Keys of all databases, and those of them that carry a TTL. */
  readonly keys: number;
  readonly volatileKeys: number;
  readonly evictedKeys: number;
}

export function parseServerInfo(text: string): ServerInfo {
  const fields = new Map<string, string>();
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  const word = (name: string): string => fields.get(name) ?? "";
  const number = (name: string): number => Number(fields.get(name) ?? 0);
  // db0:keys=3,expires=1,avg_ttl=0
  const databases = [...text.matchAll(/^db\d+:keys=(\d+),expires=(\d+)/gm)].map(
    ([, keys, expires]) => [Number(keys), Number(expires)] as const,
  );
  return {
    runId: word("run_id"),
    version: word("redis_version"),
    isCluster: word("redis_mode") === "cluster" || word("cluster_enabled") === "1",
    role: word("role") === "slave" ? "slave" : "master",
    connectedReplicas: number("connected_slaves"),
    evictionPolicy: word("maxmemory_policy"),
    maxMemoryBytes: number("maxmemory"),
    usedMemoryBytes: number("used_memory"),
    uncountedMemoryBytes: number("mem_not_counted_for_evict"),
    residentMemoryBytes: number("used_memory_rss"),
    keys: sum(databases.map(([keys]) => keys)),
    volatileKeys: sum(databases.map(([, expires]) => expires)),
    evictedKeys: number("evicted_keys"),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** Whether version `a.b.c` is at least major `major`. */
export function isAtLeast(version: string, major: number): boolean {
  return Number(version.split(".")[0]) >= major;
}
