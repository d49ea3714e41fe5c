// One number per dense id, in a table that doubles when a larger id comes: states, counters, positions.

import type { Accountant } from "@pagetier/base";

const IDS_LEAST = 1024;

/** What both widths share. New numbers are 0. */
abstract class IdTable<Values extends Uint8Array | Int32Array> {
  protected values: Values;
  readonly #accountant: Accountant;

  constructor(accountant: Accountant, empty: Values) {
    this.#accountant = accountant;
    this.values = empty;
  }

  protected abstract copied(length: number): Values;

  /** Ids that have a number: 0..ids - 1. */
  get ids(): number {
    return this.values.length;
  }

  get bytes(): number {
    return this.values.byteLength;
  }

  /** Makes a number for `id`, and for all below. `false` when the accountant refuses; nothing changed then. */
  ensure(id: number): boolean {
    return id < this.values.length || this.#grow(id);
  }

  #grow(id: number): boolean {
    let ids = Math.max(IDS_LEAST, this.values.length * 2);
    while (ids < id + 1) ids *= 2;
    if (!this.#accountant.charge((ids - this.values.length) * this.values.BYTES_PER_ELEMENT)) return false;
    this.values = this.copied(ids);
    return true;
  }
}

/** A byte per id. */
export class IdBytes extends IdTable<Uint8Array> {
  constructor(accountant: Accountant) {
    super(accountant, new Uint8Array(0));
  }

  get(id: number): number {
    return this.values[id]!;
  }

  /** The id's byte, or 0 for an id beyond the table. */
  peek(id: number): number {
    return id < this.values.length ? this.values[id]! : 0;
  }

  set(id: number, value: number): void {
    this.values[id] = value;
  }

  protected copied(length: number): Uint8Array {
    const values = new Uint8Array(length);
    values.set(this.values);
    return values;
  }
}

/** A signed 32-bit word per id. */
export class IdWords extends IdTable<Int32Array> {
  constructor(accountant: Accountant) {
    super(accountant, new Int32Array(0));
  }

  get(id: number): number {
    return this.values[id]!;
  }

  /** The id's word, or 0 for an id beyond the table. */
  peek(id: number): number {
    return id < this.values.length ? this.values[id]! : 0;
  }

  set(id: number, value: number): void {
    this.values[id] = value;
  }

  protected copied(length: number): Int32Array {
    const values = new Int32Array(length);
    values.set(this.values);
    return values;
  }
}
