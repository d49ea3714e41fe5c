// Tables of numbers that grow without moving.
//
// Records are kept as one table per field, indexed by a dense id. A table is a list of fixed-size typed arrays
// (chunks), so growing neither copies nor doubles: what a table holds is what it uses, and an access stays two
// loads. Memory is charged to an accountant before it is taken, so that a store into a full budget can be refused.

/** Pays for metadata. The page frames of a stack implement it: what is charged is not available for frames. */
export interface Accountant {
  /** Charges `bytes`; `false` when the budget has no room, in which case nothing was charged. */
  charge(bytes: number): boolean;
  /** Gives back what was charged before. */
  uncharge(bytes: number): void;
}

/** Charges nobody: for tools and tests, and for tables that are reported apart as addressing. */
export const UNCHARGED: Accountant = { charge: () => true, uncharge: () => undefined };

const CHUNK_SHIFT = 12;
const CHUNK_LENGTH = 1 << CHUNK_SHIFT;
const CHUNK_MASK = CHUNK_LENGTH - 1;

/** What both widths share: growing by chunks, charging, giving everything back. */
abstract class ChunkedTable<Chunk extends { readonly byteLength: number }> {
  protected readonly chunks: Chunk[] = [];
  readonly #accountant: Accountant;
  readonly #chunkBytes: number;
  #capacity = 0;

  constructor(accountant: Accountant, bytesPerElement: number) {
    this.#accountant = accountant;
    this.#chunkBytes = CHUNK_LENGTH * bytesPerElement;
  }

  protected abstract create(length: number): Chunk;

  /** Elements that can be addressed: a multiple of the chunk's length. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.chunks.length * this.#chunkBytes;
  }

  /** Makes indexes 0..length - 1 addressable; new elements are 0. `false` when the accountant refuses (nothing changed). */
  ensure(length: number): boolean {
    return length <= this.#capacity || this.#grow(length);
  }

  /** Gives all memory back; the table is empty afterwards. */
  release(): void {
    this.#accountant.uncharge(this.bytes);
    this.chunks.length = 0;
    this.#capacity = 0;
  }

  #grow(length: number): boolean {
    const missing = Math.ceil(length / CHUNK_LENGTH) - this.chunks.length;
    if (!this.#accountant.charge(missing * this.#chunkBytes)) return false;
    for (let count = 0; count < missing; count++) this.chunks.push(this.create(CHUNK_LENGTH));
    this.#capacity = this.chunks.length * CHUNK_LENGTH;
    return true;
  }
}

/** A growable table of unsigned 32-bit numbers. Indexes beyond {@link ensure} must not be touched. */
export class ChunkedWords extends ChunkedTable<Uint32Array> {
  constructor(accountant: Accountant = UNCHARGED) {
    super(accountant, 4);
  }

  protected create(length: number): Uint32Array {
    return new Uint32Array(length);
  }

  get(index: number): number {
    return this.chunks[index >>> CHUNK_SHIFT]![index & CHUNK_MASK]!;
  }

  set(index: number, value: number): void {
    this.chunks[index >>> CHUNK_SHIFT]![index & CHUNK_MASK] = value;
  }
}

/** A growable table of unsigned 8-bit numbers. Indexes beyond {@link ensure} must not be touched. */
export class ChunkedBytes extends ChunkedTable<Uint8Array> {
  constructor(accountant: Accountant = UNCHARGED) {
    super(accountant, 1);
  }

  protected create(length: number): Uint8Array {
    return new Uint8Array(length);
  }

  get(index: number): number {
    return this.chunks[index >>> CHUNK_SHIFT]![index & CHUNK_MASK]!;
  }

  set(index: number, value: number): void {
    this.chunks[index >>> CHUNK_SHIFT]![index & CHUNK_MASK] = value;
  }
}
