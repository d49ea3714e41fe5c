const HASHES = 2 ** 32;

/** A number 0..2^32 - 1 in which all bits of a key count: for choosing keys at random, and always the same ones. */
export function keyHash(key: number): number {
  const low = key >>> 0;
  let hash = low ^ Math.imul((key - low) / HASHES, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}
