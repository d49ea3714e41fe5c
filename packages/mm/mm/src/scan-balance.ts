// How a pass over memory divides between anonymous pages and pages of files.
//
// Each kind has a cost: what reclaiming it led to lately (a read back from a device or a write counts 32, a page that was
// looked at in vain counts 1). The dearer a kind was, the less of it is scanned, weighted by swappiness: 100 says that
// both kinds of I/O cost the same. Costs fade: when their sum exceeds a quarter of the pages, both are halved.
//
// Four cases come before the fractions, in this order: nothing can be swapped; everything must go (priority 0); hardly
// any page of a file is left; there are plenty of cold pages of files.
//
// Source: Linux 6.18 mm/vmscan.c, get_scan_count() and prepare_scan_control(); mm/swap.c, lru_note_cost().

import { assert } from "@pagetier/base";

/** Default of swappiness (Linux: vm_swappiness). */
export const SWAPPINESS_DEFAULT = 60;
/** Most that swappiness may be. */
export const SWAPPINESS_MAX = 200;
/** What one read or write of a device costs, a page scanned in vain being 1 (Linux: SWAP_CLUSTER_MAX). */
const IO_COST = 32;

/** What reclaiming each of two kinds cost lately. */
export class ScanCosts<Kind extends string> {
  readonly #first: Kind;
  readonly #second: Kind;
  #firstCost = 0;
  #secondCost = 0;

  constructor([first, second]: readonly [Kind, Kind]) {
    this.#first = first;
    this.#second = second;
  }

  of(kind: Kind): number {
    assert(kind === this.#first || kind === this.#second, "costs are those of two kinds");
    return kind === this.#first ? this.#firstCost : this.#secondCost;
  }

  /**
   * @param ios reads back and reclaim writes
   * @param others what cost no I/O: pages scanned that stayed, pages that came back from memory
   * @param pages pages of both kinds
   */
  note(kind: Kind, ios: number, others: number, pages: number): void {
    const cost = ios * IO_COST + others;
    if (kind === this.#first) this.#firstCost += cost;
    else this.#secondCost += cost;
    if (this.#firstCost + this.#secondCost <= pages / 4) return;
    this.#firstCost /= 2;
    this.#secondCost /= 2;
  }
}

/** The share of all scanning that falls to the first of two kinds of equal standing, by what each cost. 1/3 to 2/3. */
export function shareByCost(cost: number, otherCost: number): number {
  const total = cost + otherCost;
  return (total + otherCost + 1) / (3 * total + 2);
}

export interface ScanSituation {
  readonly priority: number;
  /** 0..200. */
  readonly swappiness: number;
  readonly canSwap: boolean;
  readonly anon: number;
  readonly anonInactive: number;
  readonly file: number;
  readonly fileInactive: number;
  readonly anonCost: number;
  readonly fileCost: number;
  /** Whether the kind's active list is to be shortened: its inactive one is low, or it had refaults since the last pass. */
  readonly deactivatesAnon: boolean;
  readonly deactivatesFile: boolean;
  /** Free frames, and the high watermark. */
  readonly free: number;
  readonly high: number;
}

/** Weights by which each list's size is scanned; the larger is 1 where one kind alone or both fully are meant. */
export interface ScanWeights {
  readonly anon: number;
  readonly file: number;
}

const BOTH: ScanWeights = { anon: 1, file: 1 };
const ANON: ScanWeights = { anon: 1, file: 0 };
const FILE: ScanWeights = { anon: 0, file: 1 };

/** Decides which kinds are scanned, and in what proportion. */
export function scanWeights(now: ScanSituation): ScanWeights {
  assert(now.swappiness >= 0 && now.swappiness <= SWAPPINESS_MAX, "swappiness is 0..200");
  if (!now.canSwap) return FILE;
  if (now.priority === 0 && now.swappiness > 0) return BOTH;
  const divisor = 2 ** now.priority;
  const fileIsTiny = now.file + now.free <= now.high;
  if (fileIsTiny && !now.deactivatesAnon && now.anonInactive >= divisor) return ANON;
  if (now.fileInactive >= divisor && !now.deactivatesFile) return FILE;
  const total = now.anonCost + now.fileCost;
  const anonCost = total + now.anonCost;
  const fileCost = total + now.fileCost;
  const sum = anonCost + fileCost;
  const anon = (now.swappiness * (sum + 1)) / (anonCost + 1);
  const file = ((SWAPPINESS_MAX - now.swappiness) * (sum + 1)) / (fileCost + 1);
  return { anon: anon / (anon + file), file: file / (anon + file) };
}
