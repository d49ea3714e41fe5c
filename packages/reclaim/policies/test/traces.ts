import { existsSync, readFileSync } from "node:fs";
import {
  type EvictionPolicy,
  isOffline,
  type OfflinePolicy,
  type OfflinePolicyPlugin,
  type PolicyParts,
  type PolicyPlugin,
} from "@pagetier/policy";
import { decompress } from "fzstd";

/** Key traces and what reference implementations count on them; they lie beside the repository where there are any. */
const folder = new URL("../../../../../shared/traces/", import.meta.url);

export interface ExpectedTrace {
  readonly requests: number;
  /** Misses by policy, then by capacity. */
  readonly misses: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** The traces with at most so many requests, by name; `undefined` when there are none here. */
export function expectedTraces(requestsMost: number): Readonly<Record<string, ExpectedTrace>> | undefined {
  const path = new URL("expected.json", folder);
  if (!existsSync(path)) return undefined;
  const { traces } = JSON.parse(readFileSync(path, "utf8")) as { traces: Record<string, ExpectedTrace> };
  return Object.fromEntries(Object.entries(traces).filter(([, { requests }]) => requests <= requestsMost));
}

/** The requests of a trace, its keys numbered 0, 1, 2, … by first appearance. */
export function readTrace(name: string): Uint32Array {
  const bytes = decompress(readFileSync(new URL(`${name}.u32.zst`, folder)));
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const idOf = new Map<number, number>();
  const ids = new Uint32Array(bytes.byteLength / 4);
  for (let index = 0; index < ids.length; index++) {
    const key = words.getUint32(4 * index, true) >>> 1;
    let id = idOf.get(key);
    if (id === undefined) {
      id = idOf.size;
      idOf.set(key, id);
    }
    ids[index] = id;
  }
  return ids;
}

/** What the plugin makes with these options, written as a recipe or a command line would. */
export function made<Options>(
  plugin: PolicyPlugin<Options> | OfflinePolicyPlugin<Options>,
  parts: PolicyParts,
  options: object,
): EvictionPolicy | OfflinePolicy {
  const parsed = plugin.options["~standard"].validate(options);
  if (parsed instanceof Promise || parsed.issues !== undefined) throw new Error("the options are valid");
  return plugin.create(parts, parsed.value);
}

/** Misses of a cold cache over all requests. */
export function missesOf(policy: EvictionPolicy | OfflinePolicy, ids: Uint32Array, capacity: number): number {
  if (isOffline(policy)) return policy.misses(ids, capacity);
  let misses = 0;
  for (const id of ids) {
    if (policy.has(id)) policy.hit(id);
    else {
      policy.admit(id);
      misses++;
    }
  }
  return misses;
}
