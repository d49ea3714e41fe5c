// The pages of one kind that are in memory, in the order in which they leave, and what is known of those that left.
//
// A policy gives the order; this adds refault detection (workingset.ts) around it, at the three places where a page
// crosses the border: it leaves (victim), stays after all (rotate), comes back (admit).

import type { EvictionPolicy } from "@pagetier/policy";
import { NO_VICTIM } from "@pagetier/policy";
import type { Competitors, Workingset } from "./workingset.js";

/** What a list asks of reclaim. */
export interface ListSurroundings {
  readonly workingset: Workingset;
  /** Looked at only where a page is known to have left. */
  readonly competitors: Competitors;
  /** A page came back that memory should not have given up twice. */
  noteThrashing(kind: "anon" | "file"): void;
}

export class PageList implements EvictionPolicy {
  readonly type: string;
  readonly kind: "anon" | "file";
  readonly policy: EvictionPolicy;
  readonly #surroundings: ListSurroundings;
  #refaults = 0;
  #activations = 0;
  #thrashing = 0;

  constructor(kind: "anon" | "file", policy: EvictionPolicy, surroundings: ListSurroundings) {
    this.kind = kind;
    this.type = policy.type;
    this.policy = policy;
    this.#surroundings = surroundings;
  }

  get size(): number {
    return this.policy.size;
  }

  /** Pages that the policy protects. */
  get active(): number {
    return this.policy.active ?? 0;
  }

  get inactive(): number {
    return this.policy.size - this.active;
  }

  /** Pages that came back after leaving, that were activated at once, and that had been before. */
  get refaults(): number {
    return this.#refaults;
  }

  get activations(): number {
    return this.#activations;
  }

  get thrashing(): number {
    return this.#thrashing;
  }

  has(page: number): boolean {
    return this.policy.has(page);
  }

  hit(page: number): void {
    this.policy.hit(page);
  }

  admit(page: number): number {
    const { workingset } = this.#surroundings;
    const left = this.policy.admit(page);
    const refault = workingset.refault(page, this.kind, this.#surroundings.competitors);
    if (refault === "unknown") return left;
    this.#refaults++;
    if (refault === "distant") return left;
    this.#activations++;
    this.policy.activate?.(page);
    if (refault === "thrashing") {
      this.#thrashing++;
      this.#surroundings.noteThrashing(this.kind);
    }
    return left;
  }

  victim(): number {
    const page = this.policy.victim();
    if (page !== NO_VICTIM) this.#surroundings.workingset.evict(page);
    return page;
  }

  /** Takes a page that someone named, as if it had been the {@link victim}. */
  take(page: number): void {
    this.policy.remove(page);
    this.#surroundings.workingset.evict(page);
  }

  rotate(page: number): void {
    this.#surroundings.workingset.keep(page);
    this.policy.rotate(page);
  }

  remove(page: number): void {
    this.#surroundings.workingset.forget(page);
    this.policy.remove(page);
  }

  memoryBytes(): number {
    return this.policy.memoryBytes();
  }

  verify(): void {
    this.policy.verify();
  }
}
