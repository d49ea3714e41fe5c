// A time series of a run: where pages and memory were, and what had happened until then. Everything but the levels of tiers is
// a total since the start, so that leaving samples out loses nothing but resolution.
//
// Samples are taken after equal numbers of accesses. When there are too many, every second one goes and the distance
// doubles: a run of any length has between half and all of SAMPLES_MAX, and in virtual time always the same ones.

import { assert, type Clock } from "@pagetier/base";
import type { StackStats } from "@pagetier/stack";

/** One list per measure; the n-th values belong together. */
export interface RunSeries {
  /** Accesses done. */
  readonly accesses: readonly number[];
  /** Since the start, by the clock of the run. */
  readonly elapsedMs: readonly number[];
  readonly tiers: readonly {
    readonly name: string;
    readonly kind: string;
    /** Pages whose content lay there; a page may count in two tiers. */
    readonly pages: readonly number[];
    /** Frames of the budget that the tier held. */
    readonly frames: readonly number[];
  }[];
  /** First touches, and faults by where the content came from. */
  readonly faults: Readonly<Record<"minor" | "pool" | "store" | "remote", readonly number[]>>;
  readonly stall: Readonly<Record<"someMs" | "fullMs", readonly number[]>>;
  /** Pages that devices read and wrote. */
  readonly device: Readonly<Record<"reads" | "writes", readonly number[]>>;
}

interface Sample {
  readonly accesses: number;
  readonly elapsedNs: number;
  readonly tiers: ReadonlyMap<string, Tier>;
  readonly stats: Stats;
}

type Stats = Pick<StackStats, "tiers" | "faults" | "stall" | "counters">;
type Tier = Stats["tiers"][number];

const SAMPLES_MAX = 400;

/** Takes samples while a replay runs. */
export class SeriesRecorder {
  readonly #read: () => Stats;
  readonly #clock: Clock;
  readonly #startNs: number;
  #samples: Sample[] = [];
  /** Accesses from one sample to the next; 0 until the first turn tells how often there is one. */
  #stride = 0;

  constructor(read: () => Stats, clock: Clock) {
    this.#read = read;
    this.#clock = clock;
    this.#startNs = clock.now();
    this.#take(0, read());
  }

  /** To be called after equal numbers of accesses. */
  turn(accesses: number): void {
    if (this.#stride === 0) this.#stride = accesses;
    if (accesses % this.#stride !== 0) return;
    this.#take(accesses, this.#read());
    if (this.#samples.length < SAMPLES_MAX) return;
    this.#stride *= 2;
    this.#samples = this.#samples.filter((sample) => sample.accesses % this.#stride === 0);
  }

  /** The series, which ends with how things are now. */
  finish(accesses: number, stats: Stats): RunSeries {
    if (this.#samples.at(-1)!.accesses === accesses) this.#samples.pop();
    this.#take(accesses, stats);
    const samples = this.#samples;
    assert(samples.length <= SAMPLES_MAX, "a series is bounded");
    const list = (of: (stats: Stats) => number): number[] => samples.map(({ stats }) => of(stats));
    const places = new Map(samples.flatMap(({ tiers }) => [...tiers].map(([name, { kind }]) => [name, kind] as const)));
    const levels = (name: string, of: "pages" | "frames"): number[] =>
      samples.map(({ tiers }) => tiers.get(name)?.[of] ?? 0);
    return {
      accesses: samples.map((sample) => sample.accesses),
      elapsedMs: samples.map(({ elapsedNs }) => elapsedNs / 1e6),
      tiers: [...places].map(([name, kind]) => ({
        name,
        kind,
        pages: levels(name, "pages"),
        frames: levels(name, "frames"),
      })),
      faults: {
        minor: list(({ faults }) => faults.minor),
        pool: list(({ faults }) => faults.majorFrom.pool),
        store: list(({ faults }) => faults.majorFrom.store),
        remote: list(({ faults }) => faults.majorFrom.remote),
      },
      stall: { someMs: list(({ stall }) => toNs(stall.someMs)), fullMs: list(({ stall }) => toNs(stall.fullMs)) },
      device: {
        reads: list(({ counters }) => (counters.mm?.deviceReads ?? 0) + (counters.mm?.fileReads ?? 0)),
        writes: list(({ counters }) => (counters.mm?.deviceWrites ?? 0) + (counters.mm?.fileWrites ?? 0)),
      },
    };
  }

  #take(accesses: number, stats: Stats): void {
    const elapsedNs = Math.round(this.#clock.now() - this.#startNs);
    this.#samples.push({ accesses, elapsedNs, tiers: byName(stats.tiers), stats });
  }
}

const HOOK_PAGES = { frontswap: "swap pages", cleancache: "pages of files" } as const;

/**
 * Tiers by name. Those that share one say for which hook they are, as both sides of zcache do; of others, as two swap files,
 * the later ones are numbered.
 */
function byName(tiers: readonly Tier[]): Map<string, Tier> {
  const named = new Map<string, Tier>();
  for (const tier of tiers) {
    const shares = tiers.some((other) => other !== tier && other.name === tier.name);
    const base = shares && tier.hook !== undefined ? `${tier.name}, ${HOOK_PAGES[tier.hook]}` : tier.name;
    let name: string = base;
    for (let number = 2; named.has(name); number++) name = `${base} ${number}`;
    named.set(name, tier);
  }
  return named;
}

/** Milliseconds to the nanosecond: what is behind that is rounding. */
function toNs(ms: number): number {
  return Math.round(ms * 1e6) / 1e6;
}
