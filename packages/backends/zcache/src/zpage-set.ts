import { type Handle, NO_HANDLE, type Zpool } from "@pagetier/allocator";
import { type Accountant, assert, ChunkedWords, type Prng } from "@pagetier/base";
import type { EvictionOrder } from "./eviction-order.js";
import { type EvictionOrderName, GROUP_CHOICES } from "./group-choice.js";
import { GroupOrder } from "./group-order.js";
import { ObjectOrder } from "./object-order.js";

/** The zpages of one kind: the pool that they are in, which page each object is, and in which order they go. */
export class ZpageSet {
  readonly pool: Zpool;
  readonly order: EvictionOrder;
  readonly #pageByHandle: ChunkedWords;
  /** One past the highest handle ever seen. */
  #end = 1;
  /** Zpages, and the sum of their lengths. */
  zpages = 0;
  zbytes = 0;

  constructor(pool: Zpool, order: EvictionOrderName | EvictionOrder, accountant: Accountant, prng: Prng) {
    this.pool = pool;
    this.#pageByHandle = new ChunkedWords(accountant);
    if (typeof order === "object") this.order = order;
    else if (order === "object-lru") this.order = new ObjectOrder(accountant);
    else {
      const random = order === "random" ? prng : undefined;
      const choice = GROUP_CHOICES[order === "random" ? "group-lru" : order];
      this.order = new GroupOrder(pool, this.#pageByHandle, choice, accountant, random);
    }
  }

  get frames(): number {
    return this.pool.totalFrames();
  }

  /** Average length of a zpage, 0 when there is none. */
  get meanBytes(): number {
    return this.zpages === 0 ? 0 : this.zbytes / this.zpages;
  }

  /**
   * Reserves room for a zpage whose page will have a number below `pages`.
   *
   * @returns as `Zpool.malloc`; {@link NO_HANDLE} also when there is no memory for what is kept of the object
   */
  malloc(length: number, pages: number): Handle {
    const handle = this.pool.malloc(length);
    if (handle <= 0) return handle;
    if (this.#pageByHandle.ensure(handle + 1) && this.order.ensure(pages, handle)) return handle;
    this.pool.free(handle);
    return NO_HANDLE;
  }

  /** The zpage is written and has a page: from now on it may be chosen. */
  add(page: number, handle: Handle, length: number): void {
    this.#pageByHandle.set(handle, page);
    this.#end = Math.max(this.#end, handle + 1);
    this.order.add(page, handle);
    this.zpages++;
    this.zbytes += length;
  }

  free(page: number, handle: Handle, length: number): void {
    this.order.leaving(page, handle);
    this.#pageByHandle.set(handle, 0);
    this.pool.free(handle);
    this.order.left();
    this.zpages--;
    this.zbytes -= length;
  }

  memoryBytes(): number {
    return this.pool.metadataBytes() + this.#pageByHandle.bytes + this.order.memoryBytes();
  }

  /** Throws AssertionError at the first broken invariant. @param handleOf the object of a page that is in the set, or {@link NO_HANDLE} */
  verify(handleOf: (page: number) => Handle): void {
    this.pool.verify();
    this.order.verify(this.zpages);
    let zpages = 0;
    let zbytes = 0;
    for (let handle = 1; handle < this.#end; handle++) {
      const page = this.#pageByHandle.get(handle);
      if (page === 0) continue;
      zpages++;
      assert(handleOf(page) === handle, "an object leads to its page, and the page to its object");
      zbytes += this.pool.sizeOf(handle as Handle);
      if (this.order instanceof GroupOrder) this.order.verifyGroupOf(handle as Handle);
    }
    assert(zpages === this.zpages, "zpages counts them");
    assert(zbytes === this.zbytes, "zbytes sums their lengths");
  }
}
