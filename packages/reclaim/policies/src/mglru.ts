// Multi-generation LRU: pages belong to generations, youngest to oldest; whole generations age, and the oldest is evicted.
//
// Linux' successor of the two lists, for one kind of page. At least 2 and at most 4 generations exist, numbered by
// sequence numbers; each has a list. Uses are noted in one of two ways, by the option `uses`:
//
// - "mapped" (memory that programs touch; default): a page comes into the youngest generation, and a hit notes the youngest
//   generation of the moment in the page's byte. It moves nothing: eviction, when it meets the page in the oldest list,
//   moves it to the generation noted. (Linux' aging walk over page tables, done at each hit instead of at once.)
// - "file" (pages read and written by calls): a page comes into the oldest generation, one that returns soon after it
//   left into the next, and hits are counted. Its *tier* is ceil(log2(uses)), 0..3. Eviction moves pages of protected
//   tiers to the next generation; pages of the others leave.
//
// *Aging* makes a new youngest generation: when only 2 are left, or with 3 when the youngest holds more than half of the
// pages or the oldest less than a quarter. *Eviction* takes the oldest page of the oldest generation; an empty oldest
// generation is retired.
//
// *Feedback:* a page that leaves is remembered with its tier; if it returns while fewer than 4 generations have been
// made since, that is a refault of its tier. The tiers from the first on whose refaults per eviction are beyond 3/2 of
// tier 0's (and at least 64) are protected. When the oldest generation is retired, the counts are halved into an average.
//
// One victim call moves at most 64 pages; the next one leaves whatever it is, so the work is bounded. A page that could
// not leave goes to the youngest generation. 13 bytes per id.
//
// Source: Linux 6.18 mm/vmscan.c (lru_gen_*, sort_folio, positive_ctrl_err) and mm/workingset.c, simplified: one type, one
// memcg, no look-around, no Bloom filters.

import { assert, type PluginNode } from "@pagetier/base";
import { type EvictionPolicy, NO_VICTIM, POLICY_CONTRACT, type PolicyPlugin } from "@pagetier/policy";
import { z } from "zod";
import { policyOptions } from "./setup/options.js";
import { completed, type PolicySetup } from "./setup/setup.js";
import { IdLists, NO_ID } from "./tables/id-lists.js";
import { IdBytes, IdWords } from "./tables/id-table.js";

const GENERATIONS_MOST = 4;
const GENERATIONS_LEAST = 2;
const TIERS = 4;
const MOVES_MOST = 64;
const REFAULTS_LEAST = 64;
/** A tier is protected when its refaults per eviction exceed tier 0's by these gains' ratio. */
const GAIN_OF_TIER_0 = 2;
const GAIN_OF_OTHERS = 3;

// A resident page's byte: RESIDENT, the generation of its list and the one noted (sequence numbers modulo 4), further uses.
const RESIDENT = 1;
const LIST_SHIFT = 1;
const NOTED_SHIFT = 3;
const USES_SHIFT = 5;
const GENERATION_MASK = GENERATIONS_MOST - 1;
const NOTED_MASK = GENERATION_MASK << NOTED_SHIFT;
const USES_MOST = 7;

export interface MglruOptions {
  /** How uses are noted: by touching mapped memory, or by calls; default `"mapped"`. */
  readonly uses?: "mapped" | "file";
}

export class MglruPolicy implements EvictionPolicy {
  readonly type = "mglru";
  readonly #capacity: number;
  readonly #mapped: boolean;
  /** List g + 1 is the generation whose sequence number is g modulo 4. */
  readonly #lists: IdLists;
  readonly #states: IdBytes;
  /** Of pages that left: (youngest generation at that moment + 1) × 4 + tier; 0: not remembered. */
  readonly #shadows: IdWords;
  readonly #lengths = new Int32Array(GENERATIONS_MOST);
  #youngest = GENERATIONS_LEAST;
  #oldest = 0;
  #size = 0;

  // Feedback, by tier: since the last generation was retired, and averages of before.
  readonly #refaulted = new Float64Array(TIERS);
  readonly #evicted = new Float64Array(TIERS);
  readonly #guarded = new Float64Array(TIERS);
  readonly #refaultedBefore = new Float64Array(TIERS);
  readonly #totalBefore = new Float64Array(TIERS);

  constructor(setup: PolicySetup, options: MglruOptions = {}) {
    const { capacity, accountant } = completed(setup);
    this.#capacity = capacity;
    this.#mapped = (options.uses ?? "mapped") === "mapped";
    this.#lists = new IdLists(GENERATIONS_MOST, accountant);
    this.#states = new IdBytes(accountant);
    this.#shadows = new IdWords(accountant);
  }

  get size(): number {
    return this.#size;
  }

  /** Generations that exist, 2..4. */
  get generations(): number {
    return this.#youngest - this.#oldest + 1;
  }

  has(id: number): boolean {
    return this.#states.peek(id) !== 0;
  }

  hit(id: number): void {
    const state = this.#states.peek(id);
    assert(state !== 0, "a page that is hit is resident");
    if (this.#mapped) {
      const noted = (state & ~NOTED_MASK) | ((this.#youngest & GENERATION_MASK) << NOTED_SHIFT);
      if (noted !== state) this.#states.set(id, noted);
    } else if (state >>> USES_SHIFT < USES_MOST) this.#states.set(id, state + (1 << USES_SHIFT));
  }

  admit(id: number): number {
    if (!this.#lists.ensure(id) || !this.#states.ensure(id) || !this.#shadows.ensure(id)) return id;
    assert(this.#states.get(id) === 0, "a page that is admitted is not resident");
    const returns = this.#noteRefault(id);
    const left = this.#size >= this.#capacity ? this.victim() : NO_VICTIM;
    this.#enter(id, this.#mapped ? this.#youngest : returns ? this.#oldest + 1 : this.#oldest);
    return left;
  }

  victim(): number {
    if (this.#size === 0) return NO_VICTIM;
    this.#findOldest();
    const protectedFrom = this.#mapped ? TIERS : this.#firstProtectedTier();
    for (let moves = 0; ; ) {
      const id = this.#lists.oldest(listOf(this.#oldest));
      if (id === NO_ID) {
        this.#findOldest();
        continue;
      }
      const state = this.#states.get(id);
      const tier = tierOf(state);
      const noted = (state >>> NOTED_SHIFT) & GENERATION_MASK;
      const promoted = noted !== (this.#oldest & GENERATION_MASK);
      if ((promoted || tier >= protectedFrom) && moves < MOVES_MOST) {
        moves++;
        if (!promoted) this.#guarded[tier]!++;
        // Noted is a later generation than the oldest and at most the youngest, so it is unique modulo 4.
        const later = promoted ? (noted - this.#oldest) & GENERATION_MASK : 1;
        this.#move(id, state, this.#oldest + later);
        continue;
      }
      this.#evicted[tier]!++;
      this.#shadows.set(id, (this.#youngest + 1) * TIERS + tier);
      this.#leave(id, state);
      return id;
    }
  }

  rotate(id: number): void {
    assert(this.#size < this.#capacity, "a page that is put back fits");
    assert(id < this.#states.ids && this.#states.get(id) === 0, "a page that is put back had left");
    this.#shadows.set(id, 0);
    this.#enter(id, this.#youngest);
  }

  remove(id: number): void {
    const state = this.#states.peek(id);
    if (state !== 0) this.#leave(id, state);
    if (id < this.#shadows.ids) this.#shadows.set(id, 0);
  }

  memoryBytes(): number {
    return this.#lists.bytes + this.#states.bytes + this.#shadows.bytes;
  }

  verify(): void {
    const counts = this.#lists.verify();
    const { generations } = this;
    assert(generations >= GENERATIONS_LEAST && generations <= GENERATIONS_MOST, "there are 2 to 4 generations");
    let resident = 0;
    for (let generation = 0; generation < GENERATIONS_MOST; generation++) {
      assert(counts[generation + 1] === this.#lengths[generation], "each generation's pages are counted");
      resident += counts[generation + 1]!;
      const exists = ((generation - this.#oldest) & GENERATION_MASK) < generations;
      assert(exists || counts[generation + 1] === 0, "pages are in generations that exist");
      for (let id = this.#lists.oldest(generation + 1); id !== NO_ID; id = this.#lists.newer(id)) {
        const state = this.#states.get(id);
        assert(((state >>> LIST_SHIFT) & GENERATION_MASK) === generation, "a page knows its generation");
        const noted = (state >>> NOTED_SHIFT) & GENERATION_MASK;
        assert(((noted - this.#oldest) & GENERATION_MASK) < generations, "a noted generation exists");
      }
    }
    assert(resident === this.#size, "size counts the pages of all generations");
    assert(this.#size <= this.#capacity, "no more pages than fit are resident");
  }

  #enter(id: number, generation: number): void {
    const residue = generation & GENERATION_MASK;
    this.#lists.addNewest(listOf(generation), id);
    this.#states.set(id, RESIDENT | (residue << LIST_SHIFT) | (residue << NOTED_SHIFT));
    this.#lengths[residue]!++;
    this.#size++;
  }

  #leave(id: number, state: number): void {
    this.#lists.remove(id);
    this.#states.set(id, 0);
    this.#lengths[(state >>> LIST_SHIFT) & GENERATION_MASK]!--;
    this.#size--;
  }

  /** Moves a page of the oldest generation to a later one. Its uses are counted anew. */
  #move(id: number, state: number, generation: number): void {
    const residue = generation & GENERATION_MASK;
    this.#lists.moveToNewest(listOf(generation), id);
    this.#states.set(id, RESIDENT | (residue << LIST_SHIFT) | (residue << NOTED_SHIFT));
    this.#lengths[(state >>> LIST_SHIFT) & GENERATION_MASK]!--;
    this.#lengths[residue]!++;
  }

  /** Ages as needed, and retires empty generations until the oldest has a page or no more may go. */
  #findOldest(): void {
    for (;;) {
      if (this.#shouldAge()) this.#youngest++;
      if (this.#lengths[this.#oldest & GENERATION_MASK] !== 0) return;
      this.#oldest++; // Aging leaves at least three generations.
      this.#carryOver();
    }
  }

  #shouldAge(): boolean {
    const { generations } = this;
    if (generations <= GENERATIONS_LEAST) return true;
    if (generations >= GENERATIONS_MOST) return false;
    const young = this.#lengths[this.#youngest & GENERATION_MASK]!;
    const old = this.#lengths[this.#oldest & GENERATION_MASK]!;
    return young * GENERATIONS_LEAST > this.#size || old * (GENERATIONS_LEAST + 2) < this.#size;
  }

  /** Looks whether a page that comes left not long ago, and notes it as a refault. */
  #noteRefault(id: number): boolean {
    const shadow = this.#shadows.get(id);
    if (shadow === 0) return false;
    this.#shadows.set(id, 0);
    if (this.#youngest - (Math.floor(shadow / TIERS) - 1) >= GENERATIONS_MOST) return false;
    this.#refaulted[shadow % TIERS]!++;
    return true;
  }

  /** The first tier whose pages return too often to be evicted; {@link TIERS} when there is none. */
  #firstProtectedTier(): number {
    const refaultsOf0 = this.#refaultedBefore[0]! + this.#refaulted[0]!;
    const totalOf0 = this.#totalOf(0);
    for (let tier = 1; tier < TIERS; tier++) {
      const refaults = this.#refaultedBefore[tier]! + this.#refaulted[tier]!;
      if (refaults < REFAULTS_LEAST) continue;
      const bearable = (refaultsOf0 + 1) * this.#totalOf(tier) * GAIN_OF_OTHERS;
      if (refaults * (totalOf0 + REFAULTS_LEAST) * GAIN_OF_TIER_0 > bearable) return tier;
    }
    return TIERS;
  }

  /** Pages of a tier that eviction met: those that left, and those that were protected. */
  #totalOf(tier: number): number {
    return this.#totalBefore[tier]! + this.#evicted[tier]! + this.#guarded[tier]!;
  }

  #carryOver(): void {
    for (let tier = 0; tier < TIERS; tier++) {
      this.#refaultedBefore[tier] = (this.#refaultedBefore[tier]! + this.#refaulted[tier]!) / 2;
      this.#totalBefore[tier] = this.#totalOf(tier) / 2;
      this.#refaulted[tier] = 0;
      this.#evicted[tier] = 0;
      this.#guarded[tier] = 0;
    }
  }
}

function listOf(generation: number): number {
  return (generation & GENERATION_MASK) + 1;
}

/** ceil(log2(uses)), where the byte counts the uses after the first. */
function tierOf(state: number): number {
  return 32 - Math.clz32(state >>> USES_SHIFT);
}

/** Multi-generation LRU, in recipes: `{ use: "mglru", uses: "file" }`. */
export function mglru(options: MglruOptions = {}): PluginNode {
  return { use: "mglru", ...options };
}

const mglruOptions = policyOptions({ uses: z.enum(["mapped", "file"]).default("mapped") });

export const plugin: PolicyPlugin<z.output<typeof mglruOptions>> = {
  family: "policy",
  contract: POLICY_CONTRACT,
  name: "mglru",
  summary: "Multi-generation LRU: Linux' generations with lazy promotion, aging, and tiers ruled by refaults.",
  options: mglruOptions,
  create: (parts, options) => new MglruPolicy(parts, options),
};
