/**
 * Our LZ4 page codec in plain JavaScript: the twin of ../assembly/page-codec.ts, where the algorithm is told. It gives the
 * same bytes and accepts the same blocks; change both or neither.
 *
 * Where WebAssembly moves 16 bytes at once, this moves 4 (through a DataView, which engines compile to one load and one
 * store), or calls `copyWithin` when there are many; hence about two fifths of the speed compressing and a third
 * decompressing. Input and output are one buffer, so that `copyWithin` can move literals; both have slack behind them, as
 * moves of 4 may run past their end.
 */
import { assert, PAGE_SIZE } from "@pagetier/base";
import { COMPRESSOR_INPUT_BYTES, type Compressor, compressorCorrupt, INCOMPRESSIBLE } from "@pagetier/compressor";

/** Where the output begins: behind the input and the 8 bytes that moves of 4 may touch. */
const OUTPUT = COMPRESSOR_INPUT_BYTES + 8;
/** How much longer than a page a block can get (one byte in 255, a token and its rounding), and what moves of 4 touch. */
const OUTPUT_SLACK = 32;

const TABLE_ENTRIES = 4096;
const LENGTH_MIN = 13;
const MATCH_START_DISTANCE = 12;
const LAST_LITERALS = 5;
const MATCH_MIN = 4;
const LONG = 15;
const SKIP_SHIFT = 6;
/** From this length on `copyWithin` beats a loop. */
const COPY_WITHIN_MIN = 48;
const CORRUPT = -1;

/**
 * Table entry for the five bytes that start with the little-endian `low`: bits 28 to 39 of their product with
 * 0xA7000D5F1D. The 20 low bits of the multiplier times 32 bits are exact in a float64 (scaled by 2^-28, so that the
 * fraction falls off); what its high byte and the fifth byte add lies at bit 32 and above.
 */
function slot(low: number, fifth: number): number {
  return (((low >>> 0) * (0x0d5f1d / 2 ** 28)) | 0) + ((Math.imul(low, 0xa7) + Math.imul(fifth, 0x1d)) << 4);
}

export class Lz4PlainCompressor implements Compressor {
  readonly type = "lz4";
  readonly engine = "js";
  /** The input, then the output with its slack. */
  readonly #bytes = new Uint8Array(OUTPUT + PAGE_SIZE + OUTPUT_SLACK);
  readonly #view = new DataView(this.#bytes.buffer);
  readonly input = this.#bytes.subarray(0, COMPRESSOR_INPUT_BYTES);
  readonly output = this.#bytes.subarray(OUTPUT, OUTPUT + PAGE_SIZE);
  /** Position of the last occurrence of each hash; 0 where there is none, a candidate like any other. */
  readonly #table = new Uint16Array(TABLE_ENTRIES);

  compress(length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "a codec compresses 1..PAGE_SIZE bytes");
    if (length < LENGTH_MIN) return this.#finish(OUTPUT, 0, length);
    const bytes = this.#bytes;
    const view = this.#view;
    const table = this.#table;
    const matchStartLast = length - MATCH_START_DISTANCE;
    const matchEnd = length - LAST_LITERALS;
    let anchor = 0; // First byte that no sequence covers yet.
    let op = OUTPUT;
    table.fill(0);
    let ip = 1;
    while (true) {
      let match: number;
      let attempts = 1 << SKIP_SHIFT;
      while (true) {
        const word = view.getInt32(ip, true);
        const at = slot(word, bytes[ip + 4]!) & (TABLE_ENTRIES - 1);
        match = table[at]!;
        table[at] = ip;
        if (view.getInt32(match, true) === word) break;
        ip += attempts++ >> SKIP_SHIFT;
        if (ip > matchStartLast) return this.#finish(op, anchor, length);
      }
      while (ip > anchor && match > 0 && bytes[ip - 1] === bytes[match - 1]) {
        ip--;
        match--;
      }
      let token = op;
      op = this.#storeLiterals(op, anchor, ip - anchor);

      while (true) {
        const offset = ip - match;
        bytes[op++] = offset;
        bytes[op++] = offset >> 8;
        const matched = ip + MATCH_MIN;
        ip = matched;
        match += MATCH_MIN;
        do {
          const difference = view.getInt32(ip, true) ^ view.getInt32(match, true);
          if (difference !== 0) {
            ip += (31 - Math.clz32(difference & -difference)) >> 3; // Trailing equal bytes.
            break;
          }
          ip += 4;
          match += 4;
        } while (ip < matchEnd);
        if (ip > matchEnd) ip = matchEnd; // What equals beyond it does not count.
        const more = ip - matched;
        if (more < LONG) {
          bytes[token]! |= more;
        } else {
          bytes[token]! |= LONG;
          op = this.#storeLength(op, more - LONG);
        }
        anchor = ip;
        if (ip > matchStartLast) return this.#finish(op, anchor, length);

        // Remember a position inside the match, then look for a match right behind it: a sequence without literals.
        table[slot(view.getInt32(ip - 2, true), bytes[ip + 2]!) & (TABLE_ENTRIES - 1)] = ip - 2;
        const word = view.getInt32(ip, true);
        const at = slot(word, bytes[ip + 4]!) & (TABLE_ENTRIES - 1);
        match = table[at]!;
        table[at] = ip;
        if (view.getInt32(match, true) !== word) break;
        token = op;
        bytes[op++] = 0;
      }
      ip++;
      if (ip > matchStartLast) return this.#finish(op, anchor, length);
    }
  }

  decompress(start: number, length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "a codec decompresses 1..PAGE_SIZE bytes");
    assert(start >= 0 && start + length <= COMPRESSOR_INPUT_BYTES, "the compressed bytes lie in the input");
    const restored = this.#decode(start, start + length);
    if (restored === CORRUPT) throw compressorCorrupt("lz4", "they are no whole LZ4 block", length);
    return restored;
  }

  memoryBytes(): number {
    return this.#bytes.byteLength + this.#table.byteLength;
  }

  /** Writes the last sequence and answers the block's length, or INCOMPRESSIBLE where the page is not longer. */
  #finish(op: number, anchor: number, length: number): number {
    const written = this.#storeLiterals(op, anchor, length - anchor) - OUTPUT;
    return written < length ? written : INCOMPRESSIBLE;
  }

  /** Writes token and literals of a sequence and answers the next position. */
  #storeLiterals(position: number, anchor: number, literals: number): number {
    const bytes = this.#bytes;
    const view = this.#view;
    let op = position;
    if (literals < LONG) {
      bytes[op++] = literals << 4;
    } else {
      bytes[op] = LONG << 4;
      op = this.#storeLength(op + 1, literals - LONG);
      if (literals >= COPY_WITHIN_MIN) {
        bytes.copyWithin(op, anchor, anchor + literals);
        return op + literals;
      }
    }
    const stop = op + literals;
    for (let from = anchor; op < stop; op += 4, from += 4) view.setInt32(op, view.getInt32(from, true), true);
    return stop;
  }

  /** Writes what a nibble of {@link LONG} leaves over and answers the next position. */
  #storeLength(position: number, length: number): number {
    let op = position;
    let rest = length;
    while (rest >= 255) {
      this.#bytes[op++] = 255;
      rest -= 255;
    }
    this.#bytes[op] = rest;
    return op + 1;
  }

  /** Decodes the block at `start .. blockEnd`; answers the restored length or CORRUPT. */
  #decode(start: number, blockEnd: number): number {
    const bytes = this.#bytes;
    const view = this.#view;
    const pageEnd = OUTPUT + PAGE_SIZE;
    let ip = start;
    let op = OUTPUT;
    while (ip < blockEnd) {
      const token = bytes[ip++]!;
      let literals = token >> 4;
      if (literals === LONG) {
        let more: number;
        do {
          if (ip >= blockEnd) return CORRUPT;
          more = bytes[ip++]!;
          literals += more;
        } while (more === 255);
      }
      const literalsEnd = ip + literals;
      if (literalsEnd > blockEnd || op + literals > pageEnd) return CORRUPT;
      if (literals >= COPY_WITHIN_MIN) {
        bytes.copyWithin(op, ip, literalsEnd);
      } else {
        for (let to = op; ip < literalsEnd; to += 4, ip += 4) view.setInt32(to, view.getInt32(ip, true), true);
      }
      op += literals;
      ip = literalsEnd;
      if (ip === blockEnd) {
        const restored = op - OUTPUT;
        // The last bytes are literals; only a block without any match may have fewer.
        return restored === 0 || (literals < LAST_LITERALS && literals !== restored) ? CORRUPT : restored;
      }

      if (blockEnd - ip < 2) return CORRUPT;
      const offset = bytes[ip]! | (bytes[ip + 1]! << 8);
      ip += 2;
      if (offset === 0 || offset > op - OUTPUT) return CORRUPT;
      let matched = (token & LONG) + MATCH_MIN;
      if (matched === LONG + MATCH_MIN) {
        let more: number;
        do {
          if (ip >= blockEnd) return CORRUPT;
          more = bytes[ip++]!;
          matched += more;
        } while (more === 255);
      }
      const stop = op + matched;
      if (stop > pageEnd) return CORRUPT;
      let from = op - offset;
      if (matched < COPY_WITHIN_MIN) {
        if (offset >= 4) {
          for (; op < stop; op += 4, from += 4) view.setInt32(op, view.getInt32(from, true), true);
          op = stop;
        } else {
          while (op < stop) bytes[op++] = bytes[from++]!;
        }
      } else {
        // What lies between `from` and `op` repeats; each copy takes all of it, so that the next can take twice as much.
        while (op < stop) {
          const count = Math.min(op - from, stop - op);
          bytes.copyWithin(op, from, from + count);
          op += count;
        }
      }
    }
    return CORRUPT; // A block that ends behind a match has lost its last sequence.
  }
}
