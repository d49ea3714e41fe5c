/** A seeded source of random numbers; the same seed gives the same sequence everywhere. */
export interface Prng {
  /** Next number, 0..2^32 - 1. */
  u32(): number;
  /** Next number, 0..limit - 1; `limit` is 1..2^32. The bias is at most limit / 2^32. */
  below(limit: number): number;
  /** Next number, 0 (included) to 1 (excluded), in steps of 2^-32. */
  unit(): number;
}

/**
 * Creates a generator (sfc32 by Chris Doty-Humphrey, PractRand).
 *
 * @param seed any number; its low 32 bits count
 */
export function createPrng(seed: number): Prng {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = seed | 0;
  let counter = 1;
  const u32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round++) u32(); // Mixes the seed into the whole state.
  return {
    u32,
    below: (limit) => Math.floor((u32() / 4294967296) * limit),
    unit: () => u32() / 4294967296,
  };
}

/** Where a composition root binds the random numbers of a stack. (A tsyringe token.) */
export const PRNG: unique symbol = Symbol.for("@pagetier/base/Prng") as never;
