import { assert } from "@pagetier/base";
import { type EvictionPolicy, NO_VICTIM, type PolicyParts } from "../src/index.js";

const BYTES_PER_ID = 4;

/** First in, first out, on a Set: the shortest policy that meets the contract. */
export class OldestFirst implements EvictionPolicy {
  readonly type = "oldest-first";
  readonly pages = new Set<number>();
  #ids = 0;

  constructor(readonly parts: PolicyParts) {}

  get size(): number {
    return this.pages.size;
  }

  has(id: number): boolean {
    return this.pages.has(id);
  }

  hit(id: number): void {
    assert(this.pages.has(id), "a page that is hit is resident");
  }

  admit(id: number): number {
    if (id >= this.#ids) {
      const ids = 2 * id + 64;
      if (!this.parts.accountant.charge((ids - this.#ids) * BYTES_PER_ID)) return id;
      this.#ids = ids;
    }
    const left = this.pages.size >= this.parts.capacity ? this.victim() : NO_VICTIM;
    this.pages.add(id);
    return left;
  }

  victim(): number {
    const [oldest = NO_VICTIM] = this.pages;
    this.pages.delete(oldest);
    return oldest;
  }

  rotate(id: number): void {
    this.pages.add(id);
  }

  remove(id: number): void {
    this.pages.delete(id);
  }

  memoryBytes(): number {
    return this.#ids * BYTES_PER_ID;
  }

  verify(): void {
    assert(this.pages.size <= this.parts.capacity, "the capacity holds");
  }
}
