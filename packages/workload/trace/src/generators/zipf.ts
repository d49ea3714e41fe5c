import type { Prng } from "@pagetier/base";

/**
 * Draws keys 0..pages - 1: the k-th most wanted one in proportion to 1 / k^skew. Wanted keys lie scattered.
 *
 * A draw takes constant time (the alias method of Walker and Vose): every slot is shared by two ranks, one of which is
 * its own, and the draw chooses a slot and then one of the two.
 */
export class ZipfKeys {
  readonly #prng: Prng;
  readonly #keyOfRank: Uint32Array;
  /** A draw below it, of 2^32, takes the slot's own rank. */
  readonly #ownBelow: Float64Array;
  readonly #other: Uint32Array;

  constructor(pages: number, skew: number, prng: Prng) {
    this.#prng = prng;
    this.#keyOfRank = shuffled(pages, prng);
    this.#ownBelow = new Float64Array(pages);
    this.#other = new Uint32Array(pages);
    this.#fill(skew);
  }

  next(): number {
    const slot = this.#prng.below(this.#other.length);
    const rank = this.#prng.u32() < this.#ownBelow[slot]! ? slot : this.#other[slot]!;
    return this.#keyOfRank[rank]!;
  }

  /** Gives slots whose share is too small the rest of ranks whose share is too large. */
  #fill(skew: number): void {
    const pages = this.#other.length;
    let sum = 0;
    for (let rank = 0; rank < pages; rank++) sum += (rank + 1) ** -skew;
    const shares = Float64Array.from({ length: pages }, (_, rank) => ((rank + 1) ** -skew * pages) / sum);
    const small: number[] = [];
    const large: number[] = [];
    for (let rank = pages - 1; rank >= 0; rank--) (shares[rank]! < 1 ? small : large).push(rank);
    while (small.length > 0 && large.length > 0) {
      const slot = small.pop()!;
      const giver = large.at(-1)!;
      this.#ownBelow[slot] = shares[slot]! * 4294967296;
      this.#other[slot] = giver;
      shares[giver] = shares[giver]! - (1 - shares[slot]!);
      if (shares[giver]! < 1) small.push(large.pop()!);
    }
    for (const slot of [...small, ...large]) this.#ownBelow[slot] = 4294967296;
  }
}

/** 0..length - 1 in an order of the generator's choice (Fisher and Yates). */
function shuffled(length: number, prng: Prng): Uint32Array {
  const order = Uint32Array.from({ length }, (_, index) => index);
  for (let last = length - 1; last > 0; last--) {
    const other = prng.below(last + 1);
    const kept = order[last]!;
    order[last] = order[other]!;
    order[other] = kept;
  }
  return order;
}
