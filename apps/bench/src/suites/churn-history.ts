// What becomes of a pool's density when objects come and go, and how soon memory comes back when they only go.
//
// A pool is filled with objects of random sizes. Then
//   random         a random object goes and a new one comes, several times as often as there are objects;
//   oldest first   the same, but the oldest goes: how swap is used by programs that run in phases;
//   grow, shrink   random objects go until a quarter is left, new ones come until the pool is as full as before, three times.
// After each the pool is compacted. And from fresh pools a quarter, a half and three quarters of the objects go, in random
// order or the oldest first, without compaction or with it after each quarter.
//
// Everything follows from the seed; nothing is timed. Sizes that an allocator refuses are drawn anew.

import { type Handle, NO_HANDLE, TOO_LARGE, type Zpool } from "@pagetier/allocator";
import { KmallocPool } from "@pagetier/allocator-kmalloc";
import { SlubPool } from "@pagetier/allocator-slub";
import { Z3foldPool } from "@pagetier/allocator-z3fold";
import { ZbudPool } from "@pagetier/allocator-zbud";
import { ZsmallocPool } from "@pagetier/allocator-zsmalloc";
import { assert, createPrng, PAGE_SIZE, type Prng } from "@pagetier/base";
import { PageFrames } from "@pagetier/frames";
import type { SizeDistribution } from "./size-distributions.js";

/** The five, with the options they have by default. */
export const ALLOCATORS: Readonly<Record<string, (frames: PageFrames) => Zpool>> = {
  kmalloc: (frames) => new KmallocPool(frames),
  slub: (frames) => new SlubPool(frames, { classBytes: 64, cpus: 4 }),
  zbud: (frames) => new ZbudPool(frames),
  z3fold: (frames) => new Z3foldPool(frames, { cpus: 1 }),
  zsmalloc: (frames) => new ZsmallocPool(frames, { chainPages: 8, classes: "kernel-6.18" }),
};

/** A pool as it is and after compaction. */
export interface Compacted {
  readonly asIs: number;
  readonly compacted: number;
}

/** Shares of a full pool's frames that come back when 25, 50 and 75 % of its objects went. */
export type Returned = readonly [number, number, number];

/** One allocator under one distribution of sizes. The first four in frame bytes per stored byte; 1 is perfect. */
export interface ChurnResult {
  readonly fresh: number;
  readonly random: Compacted;
  readonly oldestFirst: Compacted;
  readonly growShrink: Compacted;
  readonly returnedRandom: Returned;
  readonly returnedRandomCompacted: Returned;
  readonly returnedOldestFirst: Returned;
  readonly returnedOldestFirstCompacted: Returned;
}

/** Objects in a full pool. */
export const OBJECTS = 10_000;
/** Objects replaced, as a multiple of those in the pool. */
const TURNOVERS = 4;
const CYCLES = 3;
/** Powers of two may need two frames' worth for two thirds of one; slabs and tables come on top. */
const BUDGET_BYTES = 4 * OBJECTS * PAGE_SIZE;
/** Sizes drawn for one object before the distribution counts as refused. */
const DRAWS_MAX = 1000;

/** Plays every history on pools of one kind. */
export function measureChurn(
  create: (frames: PageFrames) => Zpool,
  sizes: SizeDistribution,
  seed: number,
): ChurnResult {
  const start = (): Population => new Population(create, sizes, seed);
  const fresh = start().ended((population) => population.bytesPerByte());
  const random = start().ended((population) => {
    for (let step = 0; step < TURNOVERS * OBJECTS; step++) population.replaceRandom();
    return population.settled();
  });
  const oldestFirst = start().ended((population) => {
    for (let step = 0; step < TURNOVERS * OBJECTS; step++) population.replaceOldest(step);
    return population.settled();
  });
  const growShrink = start().ended((population) => {
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      population.shrinkTo(OBJECTS / 4);
      population.growTo(OBJECTS);
    }
    return population.settled();
  });
  const returned = (order: "random" | "oldest", compacting: boolean): Returned =>
    start().ended((population) => population.returned(order, compacting));
  return {
    fresh,
    random,
    oldestFirst,
    growShrink,
    returnedRandom: returned("random", false),
    returnedRandomCompacted: returned("random", true),
    returnedOldestFirst: returned("oldest", false),
    returnedOldestFirstCompacted: returned("oldest", true),
  };
}

/** The objects of one pool, oldest first as long as none was taken out at random. */
class Population {
  readonly #pool: Zpool;
  readonly #frames: PageFrames;
  readonly #sizes: SizeDistribution;
  readonly #prng: Prng;
  readonly #handles = new Uint32Array(OBJECTS);
  readonly #lengths = new Uint16Array(OBJECTS);
  #live = 0;
  #storedBytes = 0;

  constructor(create: (frames: PageFrames) => Zpool, sizes: SizeDistribution, seed: number) {
    this.#frames = new PageFrames({ budgetBytes: BUDGET_BYTES });
    this.#pool = create(this.#frames);
    this.#sizes = sizes;
    this.#prng = createPrng(seed);
    this.growTo(OBJECTS);
  }

  /** Does something, checks the pool, frees everything and checks that nothing is left. */
  ended<Result>(work: (population: Population) => Result): Result {
    const result = work(this);
    this.#pool.verify();
    this.shrinkTo(0);
    assert(this.#pool.totalFrames() === 0, "a pool without objects holds no frame");
    this.#pool.destroy();
    return result;
  }

  bytesPerByte(): number {
    return (this.#pool.totalFrames() * PAGE_SIZE) / this.#storedBytes;
  }

  settled(): Compacted {
    const asIs = this.bytesPerByte();
    this.#compact();
    return { asIs, compacted: this.bytesPerByte() };
  }

  growTo(objects: number): void {
    while (this.#live < objects) this.#put(this.#live++);
  }

  shrinkTo(objects: number): void {
    while (this.#live > objects) {
      const index = this.#prng.below(this.#live);
      this.#take(index);
      this.#live--;
      this.#handles[index] = this.#handles[this.#live]!;
      this.#lengths[index] = this.#lengths[this.#live]!;
    }
  }

  replaceRandom(): void {
    this.#replace(this.#prng.below(this.#live));
  }

  /** @param step counts up from 0: in a full pool the oldest object goes round */
  replaceOldest(step: number): void {
    this.#replace(step % this.#live);
  }

  returned(order: "random" | "oldest", compacting: boolean): Returned {
    const full = this.#pool.totalFrames();
    let oldest = 0;
    const after = (quarter: number): number => {
      const left = OBJECTS - (quarter * OBJECTS) / 4;
      if (order === "random") this.shrinkTo(left);
      else while (OBJECTS - oldest > left) this.#take(oldest++);
      if (compacting) this.#compact();
      return 1 - this.#pool.totalFrames() / full;
    };
    const shares: Returned = [after(1), after(2), after(3)];
    if (order === "oldest") {
      this.#handles.copyWithin(0, oldest);
      this.#lengths.copyWithin(0, oldest);
      this.#live -= oldest;
    }
    return shares;
  }

  #replace(index: number): void {
    this.#take(index);
    this.#put(index);
  }

  #take(index: number): void {
    this.#pool.free(this.#handles[index]! as Handle);
    this.#storedBytes -= this.#lengths[index]!;
  }

  #put(index: number): void {
    for (let draw = 0; draw < DRAWS_MAX; draw++) {
      const size = this.#sizes.draw(this.#prng);
      const handle = this.#pool.malloc(size);
      if (handle === TOO_LARGE) continue;
      assert(handle !== NO_HANDLE, "the memory has room for everything");
      this.#handles[index] = handle;
      this.#lengths[index] = size;
      this.#storedBytes += size;
      return;
    }
    assert(false, "the allocator takes some size of the distribution");
  }

  #compact(): void {
    while (this.#pool.compact(OBJECTS) > 0);
  }
}
