// One byte per dense id, in a table that doubles: states, reference bits, small counters.

import type { Accountant } from "@pagetier/base";

const IDS_LEAST = 1024;

export class IdBytes {
  readonly #accountant: Accountant;
  #bytes = new Uint8Array(0);

  constructor(accountant: Accountant) {
    this.#accountant = accountant;
  }

  /** Ids that have a byte: 0..ids - 1. */
  get ids(): number {
    return this.#bytes.length;
  }

  get bytes(): number {
    return this.#bytes.length;
  }

  /** Makes a byte for `id`, and for all below; new ones are 0. `false` when the accountant refuses; nothing changed then. */
  ensure(id: number): boolean {
    return id < this.#bytes.length || this.#grow(id);
  }

  get(id: number): number {
    return this.#bytes[id]!;
  }

  /** The id's byte, or 0 for an id beyond the table. */
  peek(id: number): number {
    return id < this.#bytes.length ? this.#bytes[id]! : 0;
  }

  set(id: number, value: number): void {
    this.#bytes[id] = value;
  }

  #grow(id: number): boolean {
    let ids = Math.max(IDS_LEAST, this.#bytes.length * 2);
    while (ids < id + 1) ids *= 2;
    if (!this.#accountant.charge(ids - this.#bytes.length)) return false;
    const bytes = new Uint8Array(ids);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    return true;
  }
}
