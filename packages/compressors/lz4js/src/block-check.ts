/**
 * Walks an LZ4 block without decoding it.
 *
 * lz4js' decoder checks nothing: a wrong length makes it write far past the page or read past the block, a wrong offset
 * makes it copy bytes that were never written. This walk reads tokens, lengths and offsets only, and costs about half of the
 * decoding that follows.
 *
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 */

/** What {@link checkBlock} answers for bytes that are not a whole block. */
export const BROKEN_BLOCK = -1;

/**
 * Checks the block in `bytes[start .. start + length)`.
 *
 * @param outputMax most bytes that the block may restore
 * @returns how many bytes the block restores, or {@link BROKEN_BLOCK}
 */
export function checkBlock(bytes: Uint8Array, start: number, length: number, outputMax: number): number {
  const end = start + length;
  let at = start;
  let restored = 0;
  while (at < end) {
    const token = bytes[at++]!;
    let literals = token >> 4;
    if (literals === 15) {
      let more: number;
      do {
        if (at >= end) return BROKEN_BLOCK;
        more = bytes[at++]!;
        literals += more;
      } while (more === 255);
    }
    at += literals;
    restored += literals;
    if (at > end || restored > outputMax) return BROKEN_BLOCK;
    if (at === end) return restored; // The last sequence has literals only.

    if (end - at < 2) return BROKEN_BLOCK;
    const offset = bytes[at]! | (bytes[at + 1]! << 8);
    at += 2;
    if (offset === 0 || offset > restored) return BROKEN_BLOCK;
    let matched = token & 15;
    if (matched === 15) {
      let more: number;
      do {
        if (at >= end) return BROKEN_BLOCK;
        more = bytes[at++]!;
        matched += more;
      } while (more === 255);
    }
    restored += matched + 4;
    if (restored > outputMax) return BROKEN_BLOCK;
  }
  return BROKEN_BLOCK; // A block that ends behind a match has lost its last sequence.
}
