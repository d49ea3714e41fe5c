// Belady's bound: the page whose next use is farthest away leaves. Needs the whole trace in advance, and nobody who
// must admit every page can miss less often.
//
// A resident page is known by the moment of its next use, so the resident set is a set of moments: one bit per request.
// The farthest is the highest bit, found through summaries of 32 bits per level; a request is a hit if its own bit is set.
// Pages that are never used again are all equally good to drop and only counted. O(requests) time, about
// 8.3 bytes per request.
//
// Source: L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", 1966.

import { assert, type PluginNode } from "@pagetier/base";
import { type OfflinePolicy, type OfflinePolicyPlugin, POLICY_CONTRACT } from "@pagetier/policy";
import type { z } from "zod";
import { policyOptions } from "./setup/options.js";

/** A set of numbers below a limit that knows its largest. */
class MomentSet {
  /** Level 0 has a bit per number, each further level a bit per word of the one below that is not 0. */
  readonly #levels: Uint32Array[] = [];

  constructor(limit: number) {
    for (let bits = limit; ; bits = Math.ceil(bits / 32)) {
      this.#levels.push(new Uint32Array(Math.max(1, Math.ceil(bits / 32))));
      if (bits <= 32) return;
    }
  }

  has(moment: number): boolean {
    return (this.#levels[0]![moment >>> 5]! & (1 << (moment & 31))) !== 0;
  }

  add(moment: number): void {
    let index = moment;
    for (let level = 0; level < this.#levels.length; level++) {
      const words = this.#levels[level]!;
      const before = words[index >>> 5]!;
      words[index >>> 5] = before | (1 << (index & 31));
      if (before !== 0) return; // Those above know already.
      index >>>= 5;
    }
  }

  delete(moment: number): void {
    let index = moment;
    for (let level = 0; level < this.#levels.length; level++) {
      const words = this.#levels[level]!;
      const after = words[index >>> 5]! & ~(1 << (index & 31));
      words[index >>> 5] = after;
      if (after !== 0) return;
      index >>>= 5;
    }
  }

  /** The largest; the set is not empty. */
  largest(): number {
    let index = 0;
    for (let level = this.#levels.length - 1; level >= 0; level--) {
      const word = this.#levels[level]![index]!;
      index = index * 32 + (31 - Math.clz32(word));
    }
    return index;
  }
}

/** The bound for every policy that admits what it missed. */
export class BeladyPolicy implements OfflinePolicy {
  readonly type = "belady";

  misses(keys: Uint32Array, capacity: number): number {
    assert(capacity >= 1, "a capacity is at least one page");
    const next = nextUses(keys);
    const resident = new MomentSet(keys.length);
    let residentAgain = 0;
    let residentNeverAgain = 0;
    let misses = 0;
    for (let now = 0; now < keys.length; now++) {
      if (resident.has(now)) {
        resident.delete(now);
        residentAgain--;
      } else {
        misses++;
        if (residentAgain + residentNeverAgain >= capacity) {
          if (residentNeverAgain > 0) residentNeverAgain--;
          else {
            resident.delete(resident.largest());
            residentAgain--;
          }
        }
      }
      const again = next[now]!;
      if (again === NEVER) residentNeverAgain++;
      else {
        resident.add(again);
        residentAgain++;
      }
    }
    return misses;
  }
}

const NEVER = 0;

/** For each request, the moment at which its page is requested next, or {@link NEVER}. */
function nextUses(keys: Uint32Array): Uint32Array {
  let most = 0;
  for (let now = 0; now < keys.length; now++) most = Math.max(most, keys[now]!);
  const seen = new Uint32Array(most + 1); // The moment 0 is never a next use, so it can say "not seen".
  const next = new Uint32Array(keys.length);
  for (let now = keys.length - 1; now >= 0; now--) {
    next[now] = seen[keys[now]!]!;
    seen[keys[now]!] = now;
  }
  return next;
}

/** Belady's bound, in recipes: `{ use: "belady" }`. */
export function belady(): PluginNode {
  return { use: "belady" };
}

const beladyOptions = policyOptions({});

export const plugin: OfflinePolicyPlugin<z.output<typeof beladyOptions>> = {
  family: "policy",
  contract: POLICY_CONTRACT,
  name: "belady",
  summary: "Belady's bound: drops the page whose next use is farthest away; needs the whole trace in advance.",
  options: beladyOptions,
  create: () => new BeladyPolicy(),
};
