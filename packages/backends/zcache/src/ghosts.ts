// Which of the pages that were thrown away are wanted again: what an order of eviction costs.
//
// A ghost is the key of such a page, without bytes. It goes when it is asked for, when its page comes back or is invalidated, and
// when newer ones need its place: they reach as far back as memory has frames, so that what comes later would have missed in
// any order. Ghosts are a tmem of their own, whose tables are addressing, outside the budget.

import { type Accountant, UNCHARGED } from "@pagetier/base";
import { ListLru } from "@pagetier/shrinker";
import { MARKER, NO_PAGE, pampdMeta, Tmem } from "@pagetier/tmem";

const GHOST = pampdMeta(MARKER, 0);

export class Ghosts {
  readonly #tmem: Tmem;
  readonly #lru = new ListLru();
  /** Ghost pool by pool. */
  readonly #pools = new Map<number, number>();

  constructor(poolsMax: number, accountant: Accountant = UNCHARGED) {
    const freePage = (page: number): void => void this.#lru.delete(page);
    this.#tmem = new Tmem({ readPage: () => false, freePage }, accountant, { poolsMax });
  }

  get bytes(): number {
    return this.#tmem.bytes + this.#lru.memoryBytes();
  }

  /** A pool was opened. */
  open(pool: number): void {
    if (!this.#pools.has(pool)) this.#pools.set(pool, this.#tmem.newPool("ephemeral"));
  }

  /** A pool is gone. */
  close(pool: number): void {
    this.#tmem.destroyPool(this.#pools.get(pool)!);
    this.#pools.delete(pool);
  }

  /** A page was thrown away. @param most ghosts there may be */
  add(pool: number, oid: number, index: number, most: number): void {
    const ghost = this.#tmem.put(this.#pools.get(pool)!, oid, index, 0, GHOST);
    if (ghost === NO_PAGE) return;
    this.#lru.ensure(ghost + 1);
    this.#lru.add(ghost);
    while (this.#lru.size > most) this.#tmem.remove(this.#lru.oldest);
  }

  /** The page is asked for, came back, or is invalidated. @returns whether it was a ghost until now */
  remove(pool: number, oid: number, index: number): boolean {
    return this.#tmem.flushPage(this.#pools.get(pool)!, oid, index);
  }

  removeObject(pool: number, oid: number): void {
    this.#tmem.flushObject(this.#pools.get(pool)!, oid);
  }

  verify(): void {
    this.#tmem.verify();
    this.#lru.verify();
  }
}
