import type { Accountant } from "@pagetier/base";
import type { PageFrames } from "./page-frames.js";

/** Tables take at most 1/4 of the stack's memory. */
const SHARE = 4;

/**
 * Pays for the tables of entries, up to a share of memory. Same-filled pages take nothing but an entry, count against no
 * limit of the pool and are never written back: without this, enough of them would turn all memory into tables.
 */
export class TableBudget implements Accountant {
  readonly #frames: PageFrames;
  #bytes = 0;

  constructor(frames: PageFrames) {
    this.#frames = frames;
  }

  charge(bytes: number): boolean {
    if ((this.#bytes + bytes) * SHARE > this.#frames.budgetBytes || !this.#frames.charge(bytes)) return false;
    this.#bytes += bytes;
    return true;
  }

  uncharge(bytes: number): void {
    this.#bytes -= bytes;
    this.#frames.uncharge(bytes);
  }
}
