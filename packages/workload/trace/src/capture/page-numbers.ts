// Pages of an address space to dense numbers.
//
// An address space is huge and nearly empty; a container wants pages 0, 1, 2, …, with neighbours side by side. So each run
// of 64 pages that is touched takes the next 64 numbers. A page that mremap moves keeps its number, as it keeps its
// frame.

const RUN_PAGES = 64;

export class PageNumbers {
  readonly #numberOf = new Map<number, number>();
  readonly #baseOfRun = new Map<number, number>();
  /** Numbers that a moved page took with it. */
  readonly #moved = new Set<number>();
  #next = 0;

  /** Pages with a number. */
  get size(): number {
    return this.#numberOf.size;
  }

  /** The number of a page; `undefined`: it has none. */
  get(page: number): number | undefined {
    return this.#numberOf.get(page);
  }

  /** The number of a page; a new one when it has none. */
  take(page: number): number {
    const known = this.#numberOf.get(page);
    if (known !== undefined) return known;
    const run = Math.floor(page / RUN_PAGES);
    let number = this.#baseOf(run) + (page % RUN_PAGES);
    if (this.#moved.has(number)) {
      this.#baseOfRun.delete(run); // What was there is elsewhere now: the run begins again.
      number = this.#baseOf(run) + (page % RUN_PAGES);
    }
    this.#numberOf.set(page, number);
    return number;
  }

  /** The page at `from` is at `to` now. Whatever was there has no number any more. */
  move(from: number, to: number): void {
    const number = this.#numberOf.get(from);
    this.#numberOf.delete(from);
    this.#numberOf.delete(to);
    if (number === undefined) return;
    this.#numberOf.set(to, number);
    this.#moved.add(number);
  }

  /** Pages first..end - 1 that have a number, in no order. */
  *within(first: number, end: number): Generator<number, void, undefined> {
    if (end - first <= this.#numberOf.size) {
      for (let page = first; page < end; page++) if (this.#numberOf.has(page)) yield page;
    } else {
      for (const page of this.#numberOf.keys()) if (page >= first && page < end) yield page;
    }
  }

  #baseOf(run: number): number {
    const known = this.#baseOfRun.get(run);
    if (known !== undefined) return known;
    const base = this.#next;
    this.#next += RUN_PAGES;
    this.#baseOfRun.set(run, base);
    return base;
  }
}
