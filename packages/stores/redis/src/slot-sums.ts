// What each slot must hold, as far as this process knows: the checksum of its last write. Four bytes a slot, in blocks.

const BLOCK_SLOTS = 1024;

/** Nothing was written by this process. */
export const UNKNOWN = 0;
/** A write went unanswered: the old value, the new one, or none. */
export const ANY = 1;
/** Discarded: zeroes, whatever may be there. */
export const ZEROES = 2;

export class SlotSums {
  readonly #blocks = new Map<number, Uint32Array>();

  get(slot: number): number {
    return this.#blocks.get(Math.floor(slot / BLOCK_SLOTS))?.[slot % BLOCK_SLOTS] ?? UNKNOWN;
  }

  set(slot: number, sum: number): void {
    const number = Math.floor(slot / BLOCK_SLOTS);
    let block = this.#blocks.get(number);
    if (block === undefined) {
      block = new Uint32Array(BLOCK_SLOTS);
      this.#blocks.set(number, block);
    }
    block[slot % BLOCK_SLOTS] = sum;
  }

  /** Slots that may have a value. */
  *held(): Generator<number> {
    for (const [number, block] of this.#blocks) {
      for (let index = 0; index < BLOCK_SLOTS; index++) {
        const sum = block[index]!;
        if (sum !== UNKNOWN && sum !== ZEROES) yield number * BLOCK_SLOTS + index;
      }
    }
  }

  clear(): void {
    this.#blocks.clear();
  }

  get bytes(): number {
    return this.#blocks.size * BLOCK_SLOTS * 4;
  }
}
