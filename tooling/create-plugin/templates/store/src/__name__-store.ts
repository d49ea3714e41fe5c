// A store in a map: one copy of a page per slot that was written.

import { type Counters, PAGE_SIZE } from "@pagetier/base";
import { type BackingStore, badSlot, isSlot, type SlotStatus, sameStatus, storeClosed } from "@pagetier/store";

export class __Name__Store implements BackingStore {
  readonly type = "__name__";
  readonly durable = false;
  readonly capacity: number;
  readonly #pages = new Map<number, Uint8Array>();
  #isOpen = false;
  #readPages = 0;
  #writtenPages = 0;

  /** @param slots capacity in pages, 1 or more */
  constructor(slots: number) {
    this.capacity = slots;
  }

  memoryBytes(): number {
    return this.#pages.size * PAGE_SIZE;
  }

  async open(): Promise<void> {
    this.#isOpen = true;
  }

  async readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]> {
    if (!this.#isOpen) return sameStatus(slots.length, storeClosed(this.type));
    return slots.map((slot, index) => {
      if (!isSlot(slot, this.capacity)) return badSlot(this.type, slot, this.capacity);
      const page = this.#pages.get(slot);
      if (page === undefined) into[index]!.fill(0);
      else into[index]!.set(page);
      this.#readPages++;
      return undefined;
    });
  }

  // The bytes are taken before the promise is returned: there is no await before the copies.
  async writePages(slots: readonly number[], from: readonly Uint8Array[]): Promise<SlotStatus[]> {
    if (!this.#isOpen) return sameStatus(slots.length, storeClosed(this.type));
    return slots.map((slot, index) => {
      if (!isSlot(slot, this.capacity)) return badSlot(this.type, slot, this.capacity);
      this.#pages.set(slot, from[index]!.slice());
      this.#writtenPages++;
      return undefined;
    });
  }

  async discard(slots: readonly number[]): Promise<void> {
    for (const slot of slots) this.#pages.delete(slot);
  }

  async flush(): Promise<void> {
    if (!this.#isOpen) throw storeClosed(this.type);
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    this.#pages.clear();
  }

  counters(): Counters {
    return { heldPages: this.#pages.size, readPages: this.#readPages, writtenPages: this.#writtenPages };
  }
}
