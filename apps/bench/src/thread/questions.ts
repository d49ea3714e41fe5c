// The questions that Dave Chinner and Dan Magenheimer disagree on, as experiments.

import {
  BOUNDS,
  ENVIRONMENTS,
  FILES,
  inTheMiddle,
  LARGE,
  MIXTURE,
  NOISY,
  PROGRAMS,
  type Question,
  ramster,
  SEEDS,
  SHIFTING,
  STABLE,
  THINKING,
  YOUNG,
  zcache,
  zswap,
} from "./question.js";

const hooksOrShrinker: Question = {
  number: 1,
  title: "Hooks or shrinker?",
  quote: {
    by: "Chinner",
    text: "you could implement the process of migration from the uncompressed pool to the compressed pool as a shrinker so that it only happens as a result of memory pressure",
  },
  method:
    "MM's own loop with its hooks, against an anonymous list that is a shrinker, at three costs of getting a page back (seeks). `hooks, clock` has the list algorithm of the shrinker (second chance), so that only who scans differs; `hooks, victims of the shrinker` evicts the pages that the shrinker chose, when MM's loop would.",
  experiment: {
    name: "1 hooks or shrinker",
    workloads: [PROGRAMS, LARGE],
    contenders: [
      zswap("hooks"),
      zswap("shrinker", { reclaim: { trigger: "shrinker" } }),
      ...inTheMiddle(
        zswap("shrinker, seeks 1", { reclaim: { trigger: "shrinker", seeks: 1 } }),
        zswap("shrinker, seeks 8", { reclaim: { trigger: "shrinker", seeks: 8 } }),
        zswap("hooks, clock", { reclaim: { policy: "clock" } }, "control"),
        {
          ...zswap("hooks, victims of the shrinker", { reclaim: { policy: "scripted" } }, "control"),
          victimsOf: "shrinker",
        },
      ),
      ...BOUNDS,
    ],
    environments: THINKING,
    seeds: SEEDS,
    spotChecks: ["hooks", "shrinker"],
  },
  baseline: "hooks",
  headline: "lostMs",
  columns: ["storeFaults", "poolFaults", "victimRank", "wantedSoon", "directMs", "synchronousMs"],
  judged: ["shrinker", "shrinker, seeks 1", "shrinker, seeks 8", "hooks, clock", "hooks, victims of the shrinker"],
};

const fullPool: Question = {
  number: 2,
  title: "What should a full pool do?",
  quote: {
    by: "Magenheimer",
    text: 'we reach a point where zcache/zswap is "full" and we wish we would have used the swap disk for the LRU pages',
  },
  method:
    "Write the coldest pages back, or refuse new ones, or write any page back (the control, which knows nothing of age), at three limits and three thresholds below which a full pool takes pages again. The hot set stays, becomes another one, or belongs to pages of which a third does not compress.",
  experiment: {
    name: "2 a full pool",
    workloads: [STABLE, SHIFTING, NOISY],
    contenders: [
      zswap("write back the coldest"),
      zswap("refuse", { zswap: { poolFull: "refuse" } }),
      ...inTheMiddle(
        zswap("write back, limit 10 %", { zswap: { maxPoolPercent: 10 } }),
        zswap("write back, limit 40 %", { zswap: { maxPoolPercent: 40 } }),
        zswap("refuse, limit 40 %", { zswap: { poolFull: "refuse", maxPoolPercent: 40 } }),
        zswap("write back at random", { zswap: { lru: "random" } }, "control"),
        zswap("write back, no hysteresis", { zswap: { acceptThresholdPercent: 100 } }),
        zswap("write back, threshold 50 %", { zswap: { acceptThresholdPercent: 50 } }),
      ),
      ...BOUNDS,
    ],
    environments: ENVIRONMENTS,
    seeds: SEEDS,
    spotChecks: ["write back the coldest", "refuse"],
  },
  baseline: "write back the coldest",
  headline: "lostMs",
  columns: ["storeFaults", "poolFaults", "inversions", "compressions", "poolFrames", "poolPages"],
  judged: [
    "refuse",
    "write back, limit 10 %",
    "write back, limit 40 %",
    "refuse, limit 40 %",
    "write back at random",
    "write back, no hysteresis",
    "write back, threshold 50 %",
  ],
};

const ORDERS = ["group-lru", "emptiest-group", "hybrid"];
const zbudOrders = ["object-lru", ...ORDERS].map((order) => zcache(`${order}, zbud`, { order, allocator: "zbud" }));

const wholeFrames: Question = {
  number: 3,
  title: "Few zpages or whole frames?",
  quote: {
    by: "Magenheimer",
    text: "we'd like to throw away as few zpages as possible (preferably in some kind of LRU order), while freeing up as many wholepages as possible",
  },
  method:
    "zcache holds clean pages of files beside swapped ones, and throws zpages away when frames are wanted. `object-lru` lets the oldest zpage go, whatever that frees; `group-lru` the group of frames that was used longest ago; `emptiest-group` the one with the fewest zpages per frame; `hybrid` weighs both. Two controls: `random`, and `next use known`, which throws away the clean page that is wanted last, as no system can, and moves zpages together as `object-lru` does. Chains of 4 frames, and zbud, whose groups are single frames with at most two zpages.",
  experiment: {
    name: "3 few zpages or whole frames",
    workloads: [FILES, MIXTURE],
    contenders: [
      zcache("object-lru", { order: "object-lru" }),
      ...ORDERS.map((order) => zcache(order, { order })),
      ...inTheMiddle(
        zcache("random", { order: "random" }, "control"),
        zcache("next use known", { use: "zcache-next-use", order: "object-lru" }, "control"),
        zcache("object-lru, no compaction", { order: "object-lru", compaction: false }),
        zcache("hybrid, no compaction", { order: "hybrid", compaction: false }),
        ...zbudOrders,
        zswap("no cleancache"),
      ),
      ...BOUNDS,
    ],
    environments: ENVIRONMENTS,
    seeds: SEEDS,
    spotChecks: ["object-lru", "hybrid"],
  },
  baseline: "object-lru",
  headline: "lostMs",
  columns: ["thrownPerFrame", "thrownWanted", "storeFaults", "poolFaults", "poolFrames", "poolPages"],
  frontier: { x: "thrownPerFrame", y: "lostMs", without: ["no cleancache", ...BOUNDS.map(({ name }) => name)] },
  judged: [
    ...ORDERS,
    "random",
    "next use known",
    "object-lru, no compaction",
    "hybrid, no compaction",
    ...zbudOrders.map(({ name }) => name),
    "no cleancache",
  ],
};

const writing: Question = {
  number: 4,
  title: "Write back, through, or compress on completion?",
  quote: {
    by: "Chinner",
    text: "why wouldn't you simply write the uncompressed page to the backing store and then compress it on IO completion?",
  },
  method:
    "The pool holds the only copy and is written back when full; or each page is also written to the device as it enters; or it is written first and compressed when the write has completed. Loads leave the pool's copy, or take it. Pages live for ever, or are freed, many of them soon. What was written and read back was worth writing; an oracle would have written no more than that.",
  experiment: {
    name: "4 back, through or completion",
    workloads: [PROGRAMS, STABLE, YOUNG],
    contenders: [
      zswap("back"),
      zswap("through", { write: "through" }),
      zswap("completion", { reclaim: { trigger: "completion" } }),
      ...inTheMiddle(
        zswap("back, exclusive loads", { zswap: { exclusiveLoads: true } }),
        zswap("through, exclusive loads", { write: "through", zswap: { exclusiveLoads: true } }),
        zswap("through, a full pool drops", { write: "through", reclaim: { poolFull: "drop-clean" } }),
      ),
      ...BOUNDS,
    ],
    environments: ENVIRONMENTS,
    seeds: SEEDS,
    spotChecks: ["back", "through"],
  },
  baseline: "back",
  headline: "writtenBytes",
  columns: [
    "writesUsed",
    "writesDirtied",
    "writesFreed",
    "writesCopied",
    "writesUnwanted",
    "storeFaults",
    "poolFaults",
  ],
  judged: ["through", "completion", "back, exclusive loads", "through, exclusive loads", "through, a full pool drops"],
};

const chains = [1, 2, 8, 16].map((chainPages) =>
  zswap(`zsmalloc, chains of ${chainPages}`, { zswap: { allocator: { use: "zsmalloc", chainPages } } }),
);

const allocators: Question = {
  number: 5,
  title: "kmalloc, slab, or an allocator for zpages?",
  quote: { by: "Chinner", text: "Or you could just use kmalloc... ;)" },
  method:
    "The same pool on every allocator, after the churn of a whole run: real pages, compressed by lz4, coming and going as memory asks. `zsmalloc` without more has chains of 4 frames. [pools.md](pools.md) has the same allocators alone, fresh and after three kinds of churn, and compares pool sizes with those of a real kernel.",
  experiment: {
    name: "5 allocators",
    workloads: [PROGRAMS, STABLE],
    contenders: [
      zswap("zsmalloc"),
      ...["kmalloc", "slub", "zbud", "z3fold"].map((allocator) => zswap(allocator, { zswap: { allocator } })),
      ...inTheMiddle(...chains),
      ...BOUNDS,
    ],
    environments: ENVIRONMENTS,
    seeds: SEEDS,
    spotChecks: ["zsmalloc", "zbud"],
  },
  baseline: "zsmalloc",
  headline: "lostMs",
  columns: ["pagesPerFrame", "poolPages", "poolFrames", "storeFaults", "poolFaults"],
  judged: ["kmalloc", "slub", "zbud", "z3fold", ...chains.map(({ name }) => name)],
};

const LIMITS = [10, 20, 40, 60, 80];
/** Those who size the pool themselves may have as much as the largest limit. */
const sized = (["mm", "shrinker", "both"] as const).map((poolSizing) =>
  zswap(poolSizing, { reclaim: { poolSizing }, zswap: { maxPoolPercent: Math.max(...LIMITS) } }),
);
const fixed = LIMITS.map((percent) =>
  zswap(`fixed, ${percent} %`, { reclaim: { poolSizing: "fixed" }, zswap: { maxPoolPercent: percent } }),
);

const sizing: Question = {
  number: 6,
  title: "Who sizes the pool?",
  quote: {
    by: "Magenheimer",
    text: "should they be managed by core MM, or by shrinker-controlled caches, by some combination, or independently of either?",
  },
  method:
    "MM sizes the pool as a third list, the pool's shrinker does, both (each up to the largest limit), or a fixed limit. The limits are swept: the best of them at each place, which nobody knows beforehand, is the one to beat. Swing says how much a pool oscillates, drift how far it still was from its size when the measured part began.",
  experiment: {
    name: "6 who sizes the pool",
    workloads: [PROGRAMS, LARGE],
    contenders: [...fixed, ...sized, ...BOUNDS],
    environments: ENVIRONMENTS,
    seeds: SEEDS,
    spotChecks: ["fixed, 20 %", "mm"],
  },
  baseline: "fixed, 20 %",
  headline: "lostMs",
  columns: ["storeFaults", "poolFaults", "poolFramesMean", "poolFramesSwing", "poolFramesDrift"],
  judged: [...sized, ...fixed].map(({ name }) => name).filter((name) => name !== "fixed, 20 %"),
  best: { of: fixed.map(({ name }) => name), against: sized.map(({ name }) => name) },
};

const MIXED = [25, 75].map((filePercent) => ({ ...LARGE, name: `large, ${filePercent} % of a file`, filePercent }));

const allShrinkers: Question = {
  number: 7,
  title: "The whole MM by shrinkers?",
  quote: {
    by: "Chinner",
    text: "I think the entire MM could be run by the shrinker based reclaim infrastructure",
  },
  method:
    "Both page lists are shrinkers and nothing else reclaims, at several costs of getting a page back and batches, against the classic loop. `classic, clock` uses the list algorithm of the shrinkers, so that only the engine differs. What the engine adds to shrinkers beyond asking them, waiting for I/O under way before it presses harder, is taken away from each in `no waiting for I/O`. Pages are anonymous or belong to a file, in two mixtures; lists hold more than 16,384 pages.",
  experiment: {
    name: "7 all by shrinkers",
    workloads: MIXED,
    contenders: [
      zswap("classic"),
      zswap("shrinkers", { reclaim: { engine: "shrinkers" } }),
      zswap("shrinkers, no waiting for I/O", { reclaim: { engine: "shrinkers", waitForIo: false } }, "control"),
      zswap("classic, no waiting for I/O", { reclaim: { waitForIo: false } }, "control"),
      ...inTheMiddle(
        zswap("classic, clock", { reclaim: { policy: "clock" } }, "control"),
        zswap("shrinkers, seeks 1", { reclaim: { engine: "shrinkers", seeks: 1 } }),
        zswap("shrinkers, seeks 8", { reclaim: { engine: "shrinkers", seeks: 8 } }),
        zswap("shrinkers, batch 32", { reclaim: { engine: "shrinkers", batch: 32 } }),
        zswap("shrinkers, batch 1024", { reclaim: { engine: "shrinkers", batch: 1024 } }),
      ),
      ...BOUNDS,
    ],
    environments: ENVIRONMENTS,
    seeds: SEEDS,
    spotChecks: ["classic", "shrinkers"],
  },
  baseline: "classic",
  headline: "lostMs",
  columns: ["unusedShare", "pressedPasses", "scannedPerStolen", "p999Us", "maxUs", "outOfMemory"],
  judged: [
    "shrinkers",
    "classic, clock",
    "shrinkers, seeks 1",
    "shrinkers, seeks 8",
    "shrinkers, batch 32",
    "shrinkers, batch 1024",
    "shrinkers, no waiting for I/O",
    "classic, no waiting for I/O",
  ],
};

/** Zpages that fit so much are the coldest third of the stable workload. */
const LENT = "4MiB";
const roundTrips = [20, 500, 2000].map((roundTripUs) =>
  ramster(`remote memory, ${roundTripUs} µs`, { roundTripUs, memory: LENT }),
);
const restart = { machine: 0, atMs: 700, what: "restart" };

const remoteOrDisk: Question = {
  number: 8,
  title: "Remote memory or local disk?",
  quote: {
    by: "Chinner",
    text: "Warning: I don't say very nice things about the zcache/ramster shrinkers in that patch series. :/",
  },
  method: `A full pool sends its coldest pages to another machine that lends ${LENT}, over a network of 10 Gbit/s and several round trips, and to the device only what does not fit there. \`all memory local\` has as much more memory of its own. In two runs a machine loses its memory in the middle: with one copy what it held is gone, which ends the run (and never gives an older page); with two copies on two machines nothing is. Real engines, and what of theirs may fail, are tested apart ([ramster.md](ramster.md)).`,
  experiment: {
    name: "8 remote memory or disk",
    workloads: [STABLE, SHIFTING],
    contenders: [
      zswap("device alone"),
      ramster("remote memory, 100 µs", { roundTripUs: 100, memory: LENT }),
      ...inTheMiddle(
        ...roundTrips,
        ramster("remote memory, 2 copies", { roundTripUs: 100, machines: 2, memory: LENT }, { copies: 2 }),
        ramster(
          "2 copies, a machine restarts",
          { roundTripUs: 100, machines: 2, memory: LENT, failures: [restart] },
          { copies: 2 },
          "control",
        ),
        ramster("1 copy, the machine restarts", { roundTripUs: 100, memory: LENT, failures: [restart] }, {}, "control"),
        { ...zswap("all memory local", {}, "control"), moreMemory: 0.2 },
      ),
      ...BOUNDS,
    ],
    environments: ENVIRONMENTS,
    seeds: SEEDS,
  },
  baseline: "device alone",
  headline: "lostMs",
  columns: ["storeFaults", "remoteFaults", "poolFaults", "writtenBytes", "p999Us"],
  judged: [
    "remote memory, 100 µs",
    ...roundTrips.map(({ name }) => name),
    "remote memory, 2 copies",
    "2 copies, a machine restarts",
    "all memory local",
  ],
};

export const QUESTIONS: readonly Question[] = [
  hooksOrShrinker,
  fullPool,
  wholeFrames,
  writing,
  allocators,
  sizing,
  allShrinkers,
  remoteOrDisk,
];
