// A question of the mail thread, as data: what is compared, by what it is judged, and how the answer is told.

import { type Contender, type Environment, type Experiment, UNBOUNDED } from "../experiment/experiment.js";
import type { WorkloadSpec } from "../experiment/workload.js";

export interface Question {
  /** 1..8, in the order of the thread. */
  readonly number: number;
  readonly title: string;
  /** One line of the mail. */
  readonly quote: { readonly text: string; readonly by: "Chinner" | "Magenheimer" };
  /** What was done, in a sentence or two, beside the common method. */
  readonly method: string;
  readonly experiment: Experiment;
  /** The contender to which others are compared. */
  readonly baseline: string;
  /** By what the answer is judged. */
  readonly headline: string;
  /** What the table shows beside it. */
  readonly columns: readonly string[];
  /** Contenders that the verdict speaks of; the others are in the table. */
  readonly judged: readonly string[];
  /** Contenders that are compared with the best of some others, found place by place. */
  readonly best?: { readonly of: readonly string[]; readonly against: readonly string[] };
  /** Two metrics of which less is better, drawn against each other; and who has no place in that picture. */
  readonly frontier?: { readonly x: string; readonly y: string; readonly without: readonly string[] };
}

/** Shares of the measured working set, devices and thinking times: one thing differs from the middle at a time. */
const MIDDLE: Environment = { memoryShare: 0.7, device: "nvme", thinkNs: 1000 };
export const ENVIRONMENTS: readonly Environment[] = [
  MIDDLE,
  { ...MIDDLE, memoryShare: 0.9 },
  { ...MIDDLE, memoryShare: 0.5 },
  { ...MIDDLE, device: "sata" },
  { ...MIDDLE, device: "disk" },
];
export const THINKING: readonly Environment[] = [
  MIDDLE,
  { ...MIDDLE, thinkNs: 0 },
  { ...MIDDLE, thinkNs: 10_000 },
  { ...MIDDLE, memoryShare: 0.9 },
  { ...MIDDLE, memoryShare: 0.5 },
  { ...MIDDLE, device: "sata" },
  { ...MIDDLE, device: "disk" },
];

export const SEEDS: readonly number[] = [1, 2, 3, 4, 5];

const PAGES = "node-heap.pages.gz";

/** Twelve real programs by turns. */
export const PROGRAMS: WorkloadSpec = {
  name: "programs",
  requests: { file: "programs.u32.gz" },
  pages: PAGES,
  warmUp: 120_000,
  measured: 120_000,
};
/** A hot set that stays. */
export const STABLE: WorkloadSpec = {
  name: "stable",
  requests: { zipf: { pages: 6000, skew: 0.9, writePercent: 30 } },
  pages: PAGES,
  warmUp: 60_000,
  measured: 60_000,
};
/** A hot set that becomes another one. */
export const SHIFTING: WorkloadSpec = {
  ...STABLE,
  name: "shifting",
  requests: { zipf: { pages: 6000, skew: 0.9, writePercent: 30, shiftEvery: 15_000 } },
};
/** The hot set that stays, of pages of which a third does not compress. */
export const NOISY: WorkloadSpec = { ...STABLE, name: "noisy", pages: { file: PAGES, incompressiblePercent: 33 } };
/** So large that lists hold more than 16,384 pages: shrinkers look at 1/4096 of them at first, which of a small list is nothing. */
export const LARGE: WorkloadSpec = {
  name: "large",
  requests: { zipf: { pages: 40_000, skew: 0.7, writePercent: 30 } },
  pages: PAGES,
  warmUp: 100_000,
  measured: 60_000,
};
/** Pages that are freed, most of them soon. */
export const YOUNG: WorkloadSpec = {
  ...STABLE,
  name: "young",
  requests: { zipf: { pages: 6000, skew: 0.6, writePercent: 50, lifetime: 60_000 } },
};

/** Pages of a file, read far more often than written. */
export const FILES: WorkloadSpec = {
  ...STABLE,
  name: "files",
  requests: { zipf: { pages: 8000, skew: 0.8, writePercent: 5 } },
  filePercent: 100,
};
/** Half of the pages belong to a file. */
export const MIXTURE: WorkloadSpec = {
  ...STABLE,
  name: "mixture",
  requests: { zipf: { pages: 8000, skew: 0.8, writePercent: 20 } },
  filePercent: 50,
};

export const ZSWAP = {
  use: "zswap",
  allocator: { use: "zsmalloc", chainPages: 4 },
  compressor: "lz4",
} as const;

/** A compressed pool over a device, with what is asked about on top. */
export function zswap(
  name: string,
  recipe: Omit<Contender["recipe"] & object, "frontswap" | "memory"> & { readonly zswap?: object } = {},
  role: Contender["role"] = "contender",
): Contender {
  const { zswap: options, ...rest } = recipe;
  return { name, role, recipe: { frontswap: { ...ZSWAP, ...options }, swap: "file", ...rest } };
}

/** As {@link zswap}, with the memory of modelled machines between pool and device. */
export function ramster(
  name: string,
  remote: object,
  options: object = {},
  role: Contender["role"] = "contender",
): Contender {
  const { allocator, compressor } = ZSWAP;
  const frontswap = { use: "ramster", allocator, compressor, remote: { use: "simulated", ...remote }, ...options };
  return { name, role, recipe: { frontswap, swap: "file" } };
}

/** One pool for swapped pages and clean pages of files. */
export function zcache(
  name: string,
  { use = "zcache", ...options }: { readonly use?: string; readonly [option: string]: unknown },
  role: Contender["role"] = "contender",
): Contender {
  const { allocator, compressor } = ZSWAP;
  const frontswap = { use, allocator, compressor, maxPoolPercent: 20, ...options };
  return { name, role, recipe: { frontswap, cleancache: use, swap: "file" } };
}

/** What stands in every table: plain swapping, a pool that does not compress, memory for everything, Belady's choice. */
export const BOUNDS: readonly Contender[] = [
  { name: "plain swap", role: "floor", recipe: { swap: "file" }, onlyFirst: true },
  {
    name: "null codec",
    role: "floor",
    recipe: { frontswap: { ...ZSWAP, compressor: "null" }, swap: "file" },
    onlyFirst: true,
  },
  { ...zswap("Belady's victims", { reclaim: { policy: "oracle" } }, "ceiling"), onlyFirst: true },
  { name: UNBOUNDED, role: "ceiling", recipe: { swap: "file" }, unbounded: true },
];

/** The contenders, in the first environment alone. */
export function inTheMiddle(...contenders: readonly Contender[]): Contender[] {
  return contenders.map((contender) => ({ ...contender, onlyFirst: true }));
}
