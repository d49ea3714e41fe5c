// Two policies that no real system can have, as controls. Both evict by the future or by a list, and do everything else as
// any policy does: `oracle` takes the page that is wanted last (Belady's choice, given the moments at which MM evicts);
// `scripted` takes the victims of another system, so that one system's choices can be tried with another's timing.

import { assert } from "@pagetier/base";
import { type EvictionPolicy, NO_VICTIM, POLICY_CONTRACT, type PolicyPlugin } from "@pagetier/policy";
import { z } from "zod";
import type { Future } from "./future.js";

/** The pages in memory, in an array, with each page's place in it. */
class ResidentPages {
  readonly #pages: number[] = [];
  readonly #place = new Map<number, number>();

  get size(): number {
    return this.#pages.length;
  }

  at(index: number): number {
    return this.#pages[index]!;
  }

  has(page: number): boolean {
    return this.#place.has(page);
  }

  add(page: number): void {
    assert(!this.#place.has(page), "a page that is admitted is not resident");
    this.#place.set(page, this.#pages.length);
    this.#pages.push(page);
  }

  delete(page: number): void {
    const place = this.#place.get(page);
    if (place === undefined) return;
    const last = this.#pages.pop()!;
    if (last !== page) {
      this.#pages[place] = last;
      this.#place.set(last, place);
    }
    this.#place.delete(page);
  }
}

abstract class KnownFuturePolicy implements EvictionPolicy {
  abstract readonly type: string;
  protected readonly resident = new ResidentPages();

  get size(): number {
    return this.resident.size;
  }

  has(id: number): boolean {
    return this.resident.has(id);
  }

  hit(_id: number): void {}

  admit(id: number): number {
    this.resident.add(id);
    return NO_VICTIM;
  }

  victim(): number {
    const page = this.choose();
    if (page !== NO_VICTIM) this.resident.delete(page);
    return page;
  }

  rotate(id: number): void {
    this.resident.add(id);
  }

  remove(id: number): void {
    this.resident.delete(id);
  }

  memoryBytes(): number {
    return 0; // A control takes nothing from the budget.
  }

  verify(): void {}

  protected abstract choose(): number;
}

/** Victims found at a time: finding them looks at every page. */
const BATCH = 64;

/** Takes the page whose next use is farthest. */
class OraclePolicy extends KnownFuturePolicy {
  readonly type = "oracle";
  readonly #future: Future;
  #batch: number[] = [];

  constructor(future: Future) {
    super();
    this.#future = future;
  }

  protected choose(): number {
    for (;;) {
      const page = this.#batch.pop();
      if (page === undefined) {
        if (this.resident.size === 0) return NO_VICTIM;
        this.#fill();
      } else if (this.resident.has(page)) return page;
    }
  }

  /** The pages wanted last, the very last one at the end. They stay the last ones until they are used, and then they are skipped. */
  #fill(): void {
    const found: { readonly page: number; readonly next: number }[] = [];
    for (let index = 0; index < this.resident.size; index++) {
      const page = this.resident.at(index);
      found.push({ page, next: this.#future.nextUse(page) });
    }
    found.sort((a, b) => a.next - b.next || a.page - b.page);
    this.#batch = found.slice(-BATCH).map(({ page }) => page);
  }
}

/** A page that left, and at which request. */
export interface Eviction {
  readonly page: number;
  readonly at: number;
}

/**
 * Takes the pages of a list in turn. MM may ask a little earlier or later than the system did that made the list: a page that
 * is not in memory by the moment at which it left there is passed over; one that is not there yet is left for later, and a
 * page that has not been used for long (second chance) goes in its place.
 */
class ScriptedPolicy extends KnownFuturePolicy {
  readonly type = "scripted";
  readonly #script: readonly Eviction[];
  readonly #future: Future;
  readonly #used = new Set<number>();
  #next = 0;
  #hand = 0;

  constructor(script: readonly Eviction[], future: Future) {
    super();
    this.#script = script;
    this.#future = future;
  }

  override hit(id: number): void {
    this.#used.add(id);
  }

  protected choose(): number {
    const now = this.#future.now;
    while (this.#next < this.#script.length) {
      const { page, at } = this.#script[this.#next]!;
      const isHere = this.resident.has(page);
      if (!isHere && at > now) break;
      this.#next++;
      if (isHere) return page;
    }
    return this.#unused();
  }

  #unused(): number {
    for (let looks = 0; looks < 2 * this.resident.size; looks++) {
      this.#hand = (this.#hand + 1) % this.resident.size;
      const page = this.resident.at(this.#hand);
      if (!this.#used.delete(page)) return page;
    }
    return this.resident.size === 0 ? NO_VICTIM : this.resident.at(0);
  }
}

const NO_OPTIONS = z.strictObject({});

export function oraclePlugin(future: Future): PolicyPlugin<Record<string, never>> {
  return {
    family: "policy",
    contract: POLICY_CONTRACT,
    name: "oracle",
    summary: "Evicts the page that is wanted last: a bound, not a system.",
    options: NO_OPTIONS,
    create: () => new OraclePolicy(future),
  };
}

export function scriptedPlugin(script: readonly Eviction[], future: Future): PolicyPlugin<Record<string, never>> {
  return {
    family: "policy",
    contract: POLICY_CONTRACT,
    name: "scripted",
    summary: "Evicts the pages of a list in turn: a control, not a system.",
    options: NO_OPTIONS,
    create: () => new ScriptedPolicy(script, future),
  };
}
