/** Pages that are taken to have been of use before any were read: the first misses shrink a window that does not pay. */
const HITS_AT_FIRST = 4;

/**
 * How many pages of a device to read at a time: the one that is wanted, and those beside it as far as that paid lately.
 *
 * With pages read ahead that were used since the last read, the window is their number and two more, rounded up to a power
 * of two. Without any it is 1, or 2 where the slot lies next to the last one (Linux: the last one without any). It never shrinks to
 * less than half at once.
 *
 * @see Linux 6.18 mm/swap_state.c, __swapin_nr_pages()
 */
export class ReadaheadWindow {
  readonly #max: number;
  #hits = HITS_AT_FIRST;
  #last = 0;
  #offset = -1;

  /** @param max largest window; 1 or less: nothing is ever read ahead */
  constructor(max: number) {
    this.#max = max;
  }

  /** A page that was read ahead is used. */
  noteHit(): void {
    this.#hits++;
  }

  /** Pages to read with the one at `offset`, itself included. */
  next(offset: number): number {
    let window = this.#hits === 0 ? 1 : 2 ** Math.ceil(Math.log2(this.#hits + 2));
    if (this.#hits === 0 && Math.abs(offset - this.#offset) === 1) window = 2;
    window = Math.min(Math.max(window, this.#last >>> 1), Math.max(this.#max, 1));
    this.#hits = 0;
    this.#last = window;
    this.#offset = offset;
    return window;
  }
}
