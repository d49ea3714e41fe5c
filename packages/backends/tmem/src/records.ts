import { type Accountant, ChunkedWords } from "@pagetier/base";

/** Words of a record. */
export const RECORD_WORDS = 8;
/** Word of a free record that leads to the next one. */
const NEXT_FREE = 0;

/** Records of eight words by dense numbers, 1 and up. A number that is given back is given out again first. */
export class Records {
  readonly words: ChunkedWords;
  #free = 0;
  #next = 1;
  #live = 0;

  constructor(accountant: Accountant) {
    this.words = new ChunkedWords(accountant);
  }

  /** Records given out. */
  get live(): number {
    return this.#live;
  }

  /** One past the highest number ever given out. */
  get end(): number {
    return this.#next;
  }

  /** Bytes held, all of them charged. */
  get bytes(): number {
    return this.words.bytes;
  }

  /** Sees to it that {@link allocate} has a record. `false` when the budget has no room. */
  reserve(): boolean {
    return this.#free !== 0 || this.words.ensure((this.#next + 1) * RECORD_WORDS);
  }

  /** A record, with whatever its last life left in it. The caller has called {@link reserve}. */
  allocate(): number {
    const id = this.#free === 0 ? this.#next++ : this.#free;
    if (id === this.#free) this.#free = this.get(id, NEXT_FREE);
    this.#live++;
    return id;
  }

  free(id: number): void {
    this.set(id, NEXT_FREE, this.#free);
    this.#free = id;
    this.#live--;
  }

  get(id: number, word: number): number {
    return this.words.get(id * RECORD_WORDS + word);
  }

  set(id: number, word: number, value: number): void {
    this.words.set(id * RECORD_WORDS + word, value);
  }
}
