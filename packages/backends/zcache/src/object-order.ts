import type { Handle } from "@pagetier/allocator";
import type { Accountant } from "@pagetier/base";
import { assert } from "@pagetier/base";
import { ListLru, NO_OBJECT } from "@pagetier/shrinker";
import type { EvictionOrder } from "./eviction-order.js";

/** `object-lru`: the oldest zpage goes, wherever it lies. Exact in time; frames come back when chance, or compaction, empties them. */
export class ObjectOrder implements EvictionOrder {
  readonly chosenFrames = 0;
  readonly #lru: ListLru;
  #chosen = NO_OBJECT;

  constructor(accountant: Accountant) {
    this.#lru = new ListLru(accountant);
  }

  ensure(pages: number, _handle: Handle): boolean {
    return this.#lru.ensure(pages);
  }

  add(page: number, _handle: Handle): void {
    this.#lru.add(page);
  }

  touch(page: number, _handle: Handle): void {
    this.#lru.moveToNewest(page);
  }

  leaving(page: number, _handle: Handle): void {
    this.#lru.delete(page);
  }

  left(): void {}

  hold(_handle: Handle): void {}

  release(): void {}

  choose(pages: Uint32Array): number {
    this.#chosen = this.#lru.oldest;
    if (this.#chosen === NO_OBJECT) return 0;
    pages[0] = this.#chosen;
    return 1;
  }

  spare(): void {
    this.#lru.moveToNewest(this.#chosen);
  }

  memoryBytes(): number {
    return this.#lru.memoryBytes();
  }

  verify(zpages: number): void {
    this.#lru.verify();
    assert(this.#lru.size === zpages, "every zpage is on the list");
  }
}
