// Requests per CPU second of every policy, beside caches from npm.
//
// All replay the same trace of dense ids on a cold cache of a tenth of its objects, by turns within one process. The npm
// caches are used as an application would: get, and set after a miss. They keep values besides, which ours do not; where
// the policy is the same, the misses must be too.

import { setFlagsFromString } from "node:v8";
import { SieveCache } from "@neophi/sieve-cache";
import { assert } from "@pagetier/base";
import {
  ArcPolicy,
  BeladyPolicy,
  ClockPolicy,
  FifoPolicy,
  LfuPolicy,
  LirsPolicy,
  LruPolicy,
  MglruPolicy,
  RandomPolicy,
  S3FifoPolicy,
  SievePolicy,
  SlruPolicy,
  TwoListPolicy,
  TwoQPolicy,
  WTinyLfuPolicy,
} from "@pagetier/policies";
import type { EvictionPolicy } from "@pagetier/policy";
import { LRUCache } from "lru-cache";
import { LRUMap } from "mnemonist";
import { FifoMap } from "toad-cache";
import { cpuNs, type Row, rowOf, type Suite } from "../suite.js";
import type { CacheMap } from "./policy-loops.js";
import { idsOf } from "./trace-ids.js";

const CAPACITY_SHARE = 0.1;

const POLICIES: Readonly<Record<string, (capacity: number) => EvictionPolicy>> = {
  fifo: (capacity) => new FifoPolicy({ capacity }),
  lru: (capacity) => new LruPolicy({ capacity }),
  clock: (capacity) => new ClockPolicy({ capacity }),
  "two-list": (capacity) => new TwoListPolicy({ capacity }),
  mglru: (capacity) => new MglruPolicy({ capacity }),
  sieve: (capacity) => new SievePolicy({ capacity }),
  s3fifo: (capacity) => new S3FifoPolicy({ capacity }),
  arc: (capacity) => new ArcPolicy({ capacity }),
  twoq: (capacity) => new TwoQPolicy({ capacity }),
  slru: (capacity) => new SlruPolicy({ capacity }),
  lfu: (capacity) => new LfuPolicy({ capacity }),
  lirs: (capacity) => new LirsPolicy({ capacity }),
  wtinylfu: (capacity) => new WTinyLfuPolicy({ capacity }),
  random: (capacity) => new RandomPolicy({ capacity }),
};

/** Somebody else's caches, and the policy of ours that each is. */
const PEERS: Readonly<Record<string, { readonly same: string; create(capacity: number): CacheMap }>> = {
  "lru-cache": { same: "lru", create: (max) => new LRUCache<number, number>({ max }) },
  "mnemonist LRUMap": {
    same: "lru",
    create: (capacity) => new LRUMap<number, number>(Uint32Array, Uint32Array, capacity),
  },
  "@neophi/sieve-cache": { same: "sieve", create: (capacity) => new SieveCache<number, number>(capacity) },
  "toad-cache FifoMap": { same: "fifo", create: (capacity) => new FifoMap<number>(capacity) },
};

/** Policies whose speed is looked at as a share of our LRU's. */
const BESIDE_LRU = ["arc", "s3fifo", "twoq"];

/** One participant: how it replays the trace on a new cache, and how long each round took. */
interface Part {
  readonly name: string;
  replay(): () => number;
  misses: number;
  readonly times: number[];
}

export const policies: Suite = {
  name: "policies",
  summary: "requests per CPU second of every policy and of npm caches, at 10 % of the trace's objects",
  async run({ trace, rounds }) {
    setFlagsFromString("--no-flush-bytecode"); // Else who waits through many collections for its turn is compiled anew.
    const { ids, objects } = await idsOf(trace);
    const capacity = Math.max(1, Math.round(objects * CAPACITY_SHARE));
    const parts = await partsOf(ids, capacity);
    for (let round = -1; round < rounds; round++) {
      for (const part of parts) {
        const replay = part.replay();
        globalThis.gc?.(); // Nobody pays for what another one left.
        const time = cpuNs(() => {
          part.misses = replay();
        });
        if (round >= 0) part.times.push(time); // The first round warms up.
      }
    }
    const part = new Map(parts.map((each) => [each.name, each]));
    for (const [name, { same }] of Object.entries(PEERS))
      assert(part.get(name)!.misses === part.get(same)!.misses, "the same policy misses equally often");
    const rows = parts.map((each) => speedOf(each, ids.length));
    const least = new BeladyPolicy().misses(ids, capacity);
    rows.push(rowOf("misses of Belady's bound", "%", [(least * 100) / ids.length]));
    for (const [name, { same }] of Object.entries(PEERS)) rows.push(ratioOf(part.get(same)!, part.get(name)!));
    for (const name of BESIDE_LRU) rows.push(ratioOf(part.get(name)!, part.get("lru")!));
    return rows;
  },
};

async function partsOf(ids: Uint32Array, capacity: number): Promise<Part[]> {
  const { readOnly } = await loopsFor("none");
  const parts: Part[] = [{ name: NOTHING, replay: () => () => readOnly(ids) * 0, misses: 0, times: [] }];
  for (const [name, create] of Object.entries(POLICIES)) {
    const { replayPolicy } = await loopsFor(name);
    const replay = () => {
      const policy = create(capacity);
      return () => replayPolicy(policy, ids);
    };
    parts.push({ name, replay, misses: 0, times: [] });
  }
  for (const [name, peer] of Object.entries(PEERS)) {
    const { replayCache } = await loopsFor(name);
    const replay = () => {
      const cache = peer.create(capacity);
      return () => replayCache(cache, ids);
    };
    parts.push({ name, replay, misses: 0, times: [] });
  }
  return parts;
}

const NOTHING = "reading the ids only";

/** Loops of which nobody else has a copy. */
async function loopsFor(part: string): Promise<typeof import("./policy-loops.js")> {
  const name = `./policy-loops.js?part=${encodeURIComponent(part)}`;
  return (await import(name)) as typeof import("./policy-loops.js");
}

function speedOf({ name, misses, times }: Part, requests: number): Row {
  const label = name === NOTHING ? name : `${name} (${((misses * 100) / requests).toFixed(2)} % misses)`;
  return rowOf(
    label,
    "M requests/s",
    times.map((time) => (requests * 1e3) / time),
  );
}

/**
 * How fast one is as a multiple of another. By the best round of each: in others one or the other was compiled anew, or
 * held up by the machine.
 */
function ratioOf(one: Part, other: Part): Row {
  const ratio = Math.min(...other.times) / Math.min(...one.times);
  return rowOf(`${one.name} / ${other.name}, best rounds`, "ratio", [ratio]);
}
