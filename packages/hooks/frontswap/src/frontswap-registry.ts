// MM's side of frontswap: which slots a backend said yes to, and who the backends are.
//
// Each swap area has one bitmap. A bit is set only after a backend said "stored", and it guards everything else: with
// the bit clear a load misses and an invalidate ends here, without asking anyone. Before a store of a slot whose bit is
// set, the older copy is dropped from *every* backend: the newer copy may land in another backend, or in none.
//
// A second bitmap remembers which copies are clean, that is, which may be gone when they are asked for. It exists only
// where clean copies do. With it "nobody has it" means two different things: a clean copy was dropped (a miss, the
// device is right), or an only copy vanished (FRONTSWAP_LOST, the device is stale). Linux told both by the same -1.
//
// Cost: one bit per slot (two with clean copies), and per call a bit test and one call per backend. With several
// backends a load asks them in turn, newest first, because a bit does not say who; that is cheaper than a byte per slot
// as long as there are few, which there are.
//
// See Linux 5.16 mm/frontswap.c for the store with several backends, 6.1 for invalidate-first.

import { assert, type Counters, TierError } from "@pagetier/base";
import { inject, injectable } from "@pagetier/di";
import {
  type Frontswap,
  type FrontswapCopy,
  type FrontswapLoad,
  frontswapLost,
  type StoreOutcome,
} from "./frontswap.js";
import type { FrontswapHook } from "./registry.js";
import { SlotBitmap } from "./slot-bitmap.js";

const AREAS_MAX = 32;
const OFFSET_MAX = 2 ** 26 - 1;

export interface FrontswapRegistryOptions {
  /** Every page that a backend takes is also written to the device, after which the backend's copy is clean. */
  readonly writeThrough: boolean;
}

/** Where the registry finds its options. (A tsyringe token.) */
export const FRONTSWAP_REGISTRY_OPTIONS: unique symbol = Symbol.for(
  "@pagetier/frontswap/FrontswapRegistryOptions",
) as never;

/** Where MM finds the registry. (A tsyringe token.) */
export const FRONTSWAP_REGISTRY: unique symbol = Symbol.for("@pagetier/frontswap/FrontswapRegistry") as never;

/** One swap area that is on. `clean` is a subset of `stored`. */
interface Area {
  readonly stored: SlotBitmap;
  readonly clean: SlotBitmap;
}

/** A fetch under way. Turns stale when its key is invalidated or stored again: its answer is then about the past. */
interface Fetch {
  readonly type: number;
  readonly offset: number;
  stale: boolean;
}

@injectable()
export class FrontswapRegistry implements FrontswapHook {
  readonly writeThrough: boolean;
  /** Oldest first: a new one is pushed, so that indexes stay valid across an await. Asked from the end. */
  readonly #backends: Frontswap[] = [];
  readonly #known = new Set<Frontswap>();
  readonly #areas = new Array<Area | undefined>(AREAS_MAX).fill(undefined);
  readonly #fetches = new Set<Fetch>();
  #currPages = 0;
  #loads = 0;
  #succStores = 0;
  #failedStores = 0;
  #invalidates = 0;
  #dupInvalidations = 0;
  #exclusiveLoads = 0;
  #cleanDropped = 0;
  #forgotten = 0;
  #areaInvalidated = 0;

  constructor(@inject(FRONTSWAP_REGISTRY_OPTIONS) options: FrontswapRegistryOptions) {
    this.writeThrough = options.writeThrough;
  }

  register(backend: Frontswap): void {
    assert(!this.#known.has(backend), "a backend registers once");
    this.#known.add(backend);
    // A backend's `init` may turn areas on and off, so look again until nothing changed.
    const initialised = new Set<number>();
    for (let type = this.#nextActive(initialised); type >= 0; type = this.#nextActive(initialised)) {
      initialised.add(type);
      backend.init(type);
    }
    for (const type of initialised) if (this.#areas[type] === undefined) backend.invalidateArea(type);
    this.#backends.push(backend); // From here on it receives stores.
  }

  swapOn(type: number): void {
    assert(Number.isInteger(type) && type >= 0 && type < AREAS_MAX, "a swap area is 0..31");
    assert(this.#areas[type] === undefined, "a swap area that is turned on was off");
    // Not a fixed range: an `init` may register another backend, which does not know of this area yet.
    for (let index = 0; index < this.#backends.length; index++) this.#backends[index]!.init(type);
    this.#areas[type] = { stored: new SlotBitmap(), clean: new SlotBitmap() };
  }

  swapOff(type: number): void {
    const area = this.#areas[type];
    assert(area !== undefined, "a swap area that is turned off was on");
    this.#areas[type] = undefined; // First: nothing is accepted from here on.
    for (const fetch of this.#fetches) if (fetch.type === type) fetch.stale = true;
    for (let index = this.#backends.length - 1; index >= 0; index--) this.#backends[index]!.invalidateArea(type);
    this.#currPages -= area.stored.count;
    this.#areaInvalidated += area.stored.count;
  }

  store(type: number, offset: number, page: Uint8Array, copy: FrontswapCopy): StoreOutcome {
    const area = this.#areas[type];
    assert(area !== undefined, "a store goes to a swap area that is on");
    assert(offset >= 0 && offset <= OFFSET_MAX, "a slot is 0..2^26 - 1");
    if (this.#fetches.size !== 0) this.#staleFetches(type, offset);
    if (area.stored.has(offset)) {
      this.#clear(area, offset);
      this.#dupInvalidations++;
      this.#invalidateEverywhere(type, offset);
    }
    const backends = this.#backends;
    for (let index = backends.length - 1; index >= 0; index--) {
      if (backends[index]!.store(type, offset, page, copy) === "refused") continue;
      area.stored.add(offset);
      if (copy === "clean") area.clean.add(offset);
      this.#currPages++;
      this.#succStores++;
      return "stored";
    }
    this.#failedStores++;
    return "refused";
  }

  load(type: number, offset: number, into: Uint8Array): FrontswapLoad {
    const area = this.#areas[type];
    if (area === undefined || !area.stored.has(offset)) return "miss";
    const backends = this.#backends;
    for (let index = backends.length - 1; index >= 0; index--) {
      const outcome = backends[index]!.load(type, offset, into);
      if (outcome === "miss") continue;
      if (outcome === "remote") return outcome;
      this.#loads++;
      if (outcome === "hitExclusive") this.#takeExclusively(area, offset);
      return outcome;
    }
    this.#noteDropped(area, type, offset);
    return "miss";
  }

  async fetch(type: number, offset: number, into: Uint8Array): Promise<Exclude<FrontswapLoad, "remote">> {
    const area = this.#areas[type];
    if (area === undefined || !area.stored.has(offset)) return "miss";
    const fetch: Fetch = { type, offset, stale: false };
    this.#fetches.add(fetch);
    try {
      for (let index = this.#backends.length - 1; index >= 0; index--) {
        const outcome = await this.#backends[index]!.fetch(type, offset, into);
        if (fetch.stale) return "miss";
        if (outcome === "miss") continue;
        this.#loads++;
        if (outcome === "hitExclusive") this.#takeExclusively(area, offset);
        return outcome;
      }
      if (area.stored.has(offset)) this.#noteDropped(area, type, offset);
      return "miss";
    } catch (error) {
      // Nobody wants the page any more, so nobody is told that it is lost.
      if (fetch.stale && TierError.is(error, "FRONTSWAP_LOST")) return "miss";
      throw error;
    } finally {
      this.#fetches.delete(fetch);
    }
  }

  has(type: number, offset: number): boolean {
    return this.#areas[type]?.stored.has(offset) ?? false;
  }

  markClean(type: number, offset: number): void {
    const area = this.#areas[type];
    if (area === undefined || !area.stored.has(offset)) return;
    area.clean.add(offset); // First: the backend may drop the copy from within its `markClean`.
    for (let index = this.#backends.length - 1; index >= 0; index--) this.#backends[index]!.markClean(type, offset);
  }

  invalidatePage(type: number, offset: number): void {
    const area = this.#areas[type];
    if (area === undefined) return;
    if (this.#fetches.size !== 0) this.#staleFetches(type, offset);
    if (!area.stored.has(offset)) return;
    this.#clear(area, offset);
    this.#invalidates++;
    this.#invalidateEverywhere(type, offset);
  }

  forget(type: number, offset: number): void {
    const area = this.#areas[type];
    if (area === undefined || !area.stored.has(offset)) return;
    this.#clear(area, offset);
    this.#forgotten++;
  }

  noteDeviceRead(): void {
    const backends = this.#backends;
    for (let index = backends.length - 1; index >= 0; index--) backends[index]!.noteDeviceRead?.();
  }

  locate(type: number, offset: number): { readonly backend: string; readonly bytes: number } | undefined {
    if (!this.has(type, offset)) return undefined;
    for (let index = this.#backends.length - 1; index >= 0; index--) {
      const bytes = this.#backends[index]!.storedBytes(type, offset);
      if (bytes >= 0) return { backend: this.#backends[index]!.type, bytes };
    }
    return undefined;
  }

  get backends(): readonly Frontswap[] {
    return this.#backends;
  }

  currPages(): number {
    return this.#currPages;
  }

  addressingBytes(): number {
    let bytes = 0;
    for (const area of this.#areas) if (area !== undefined) bytes += area.stored.bytes + area.clean.bytes;
    for (const backend of this.#backends) bytes += backend.addressingBytes();
    return bytes;
  }

  counters(): Counters {
    return {
      currPages: this.#currPages,
      loads: this.#loads,
      succStores: this.#succStores,
      failedStores: this.#failedStores,
      invalidates: this.#invalidates,
      dupInvalidations: this.#dupInvalidations,
      exclusiveLoads: this.#exclusiveLoads,
      cleanDropped: this.#cleanDropped,
      forgotten: this.#forgotten,
      areaInvalidated: this.#areaInvalidated,
    };
  }

  verify(): void {
    let stored = 0;
    for (const area of this.#areas) {
      if (area === undefined) continue;
      assert(area.stored.recount() === area.stored.count, "an area counts its bits");
      assert(area.clean.recount() === area.clean.count, "an area counts its clean bits");
      assert(area.clean.isWithin(area.stored), "only a stored slot is clean");
      stored += area.stored.count;
    }
    assert(stored === this.#currPages, "currPages counts the bits of all areas");
    assert(
      this.#currPages ===
        this.#succStores -
          this.#invalidates -
          this.#dupInvalidations -
          this.#exclusiveLoads -
          this.#cleanDropped -
          this.#forgotten -
          this.#areaInvalidated,
      "each stored page left in one way or is still here",
    );
    let held = 0;
    for (const backend of this.#backends) {
      backend.verify();
      held += backend.currPages();
    }
    assert(held <= this.#currPages, "backends hold no page without a bit");
  }

  async close(): Promise<void> {
    for (let index = this.#backends.length - 1; index >= 0; index--) await this.#backends[index]!.close();
  }

  /** An area that is on and not in `known`, or -1. */
  #nextActive(known: ReadonlySet<number>): number {
    return this.#areas.findIndex((area, type) => area !== undefined && !known.has(type));
  }

  #clear(area: Area, offset: number): void {
    area.stored.delete(offset);
    if (area.clean.count !== 0) area.clean.delete(offset);
    this.#currPages--;
  }

  #invalidateEverywhere(type: number, offset: number): void {
    for (let index = this.#backends.length - 1; index >= 0; index--)
      this.#backends[index]!.invalidatePage(type, offset);
  }

  /** Memory has the only copy now. The bit may be clear already: `forget` can come while a fetch waits. */
  #takeExclusively(area: Area, offset: number): void {
    if (!area.stored.has(offset)) return;
    this.#clear(area, offset);
    this.#exclusiveLoads++;
  }

  /** No backend has a page that one said yes to: fine for a clean copy, a loss for an only one. */
  #noteDropped(area: Area, type: number, offset: number): void {
    if (!area.clean.has(offset)) {
      const cause = new Error("no backend has the only copy any more");
      throw frontswapLost("frontswap", type, offset, cause);
    }
    this.#clear(area, offset);
    this.#cleanDropped++;
  }

  #staleFetches(type: number, offset: number): void {
    for (const fetch of this.#fetches) if (fetch.type === type && fetch.offset === offset) fetch.stale = true;
  }
}
