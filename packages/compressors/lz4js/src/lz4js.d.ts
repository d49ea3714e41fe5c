/** lz4js ships no types; these are the two functions that we call. */
declare module "lz4js" {
  /** Compresses `source[start .. start + length)` to `target[0 ..]`; answers the length, or 0 when there is no match. */
  export function compressBlock(
    source: Uint8Array,
    target: Uint8Array,
    start: number,
    length: number,
    hashTable: Uint16Array | Uint32Array,
  ): number;
  /** Decompresses without any check; answers the index after the last byte written. */
  export function decompressBlock(
    source: Uint8Array,
    target: Uint8Array,
    start: number,
    length: number,
    targetStart: number,
  ): number;
}
