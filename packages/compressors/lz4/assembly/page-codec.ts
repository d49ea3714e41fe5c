/**
 * LZ4 blocks of one page, for WebAssembly.
 *
 * The format is LZ4's block format: sequences of (token, literals, offset, match length), the last with literals only; the
 * last match starts at least 12 bytes before the end and the last 5 bytes are literals. Any LZ4 decoder reads our blocks
 * and we read anybody's.
 *
 * Encoder: greedy. One table of positions (12 bits, u16) is indexed by a hash of *five* bytes, which finds slightly fewer
 * matches than four but longer ones, and is faster for it. The table is cleared for each page: stale entries would make the
 * result depend on earlier pages, and they cost more in false candidates than clearing costs. An empty entry means
 * position 0, a candidate like any other, as every candidate is compared before it is used. After 64 positions without a
 * match the step grows by one, so that a page which does not compress is left behind quickly.
 *
 * Both ways, bytes move in chunks of 8 or 16 that may run past their end ("wild copies"): behind input and output lies
 * slack that nobody reads. So the memory is laid out once and its size is fixed; nothing here needs a bounds check that
 * the format does not need. Every length and offset of a block to be decoded *is* checked.
 *
 * The twin in ../src/lz4-plain-compressor.ts gives the same bytes; change both or neither.
 *
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 */

/** Where the caller puts bytes: two pages, then slack. */
export const INPUT: usize = 0;
/** Where results appear: one page, then slack for what does not fit a page and for wild copies. */
export const OUTPUT: usize = 0x2100;
/** Position of the last occurrence of each hash, 4096 times u16. */
const TABLE: usize = 0x4000;
const TABLE_BYTES: usize = 8192;
const PAGE_SIZE: usize = 4096;

/** Below this no match is legal. */
const LENGTH_MIN: i32 = 13;
/** The last match starts at least this many bytes before the end. */
const MATCH_START_DISTANCE: usize = 12;
/** The last bytes of a page are literals. */
const LAST_LITERALS: usize = 5;
const MATCH_MIN: usize = 4;
/** A nibble of the token with this value is continued in further bytes. */
const LONG: usize = 15;
/** log2 of the positions tried before the step grows. */
const SKIP_SHIFT: usize = 6;

const INCOMPRESSIBLE: i32 = 0;
const CORRUPT: i32 = -1;

/**
 * Address, in the table, for the low five bytes of `word`: bits 28 to 39 of their product with 0xA7000D5F1D, times two.
 * The multiplier is one whose product the twin gets from one float64 product and one integer product, both exact.
 */
// @ts-ignore: decorator
@inline
function slot(word: u64): usize {
  return <usize>((word * 0xa7000d5f1d000000) >> 51) & (TABLE_BYTES - 2);
}

/** Copies 16 bytes at a time up to `stop` or past it, at least once. */
// @ts-ignore: decorator
@inline
function wildCopy(target: usize, source: usize, stop: usize): void {
  do {
    v128.store(target, v128.load(source));
    target += 16;
    source += 16;
  } while (target < stop);
}

/** Copies 64 bytes, more where `stop` is farther: long matches mostly end within 64, and no loop needs to be predicted. */
// @ts-ignore: decorator
@inline
function copyMatch(target: usize, source: usize, stop: usize): void {
  v128.store(target, v128.load(source));
  v128.store(target, v128.load(source, 16), 16);
  v128.store(target, v128.load(source, 32), 32);
  v128.store(target, v128.load(source, 48), 48);
  target += 64;
  if (target < stop) wildCopy(target, source + 64, stop);
}

/** Fills 64 bytes with a pattern, more where `stop` is farther. */
// @ts-ignore: decorator
@inline
function fillPattern(target: usize, pattern: v128, stop: usize): void {
  v128.store(target, pattern);
  v128.store(target, pattern, 16);
  v128.store(target, pattern, 32);
  v128.store(target, pattern, 48);
  target += 64;
  while (target < stop) {
    v128.store(target, pattern);
    target += 16;
  }
}

/** Writes what a nibble of {@link LONG} leaves over, and answers the next address. */
// @ts-ignore: decorator
@inline
function storeLength(op: usize, rest: usize): usize {
  while (rest >= 255) {
    store<u8>(op++, 255);
    rest -= 255;
  }
  store<u8>(op, <u8>rest);
  return op + 1;
}

/** Writes token and literals `anchor .. anchor + literals` of a sequence, and answers the next address. */
// @ts-ignore: decorator
@inline
function storeLiterals(op: usize, anchor: usize, literals: usize): usize {
  if (literals < LONG) {
    store<u8>(op, <u8>(literals << 4));
    v128.store(op, v128.load(anchor), 1);
    return op + 1 + literals;
  }
  store<u8>(op, <u8>(LONG << 4));
  op = storeLength(op + 1, literals - LONG);
  wildCopy(op, anchor, op + literals);
  return op + literals;
}

/** Writes the last sequence and answers the block's length, or INCOMPRESSIBLE where the page is not longer. */
function finish(op: usize, anchor: usize, end: usize): i32 {
  const literals = end - anchor;
  // A page without a match gets longer than it was; the slack behind the output takes what is too much.
  const written = storeLiterals(op, anchor, literals) - OUTPUT;
  return written < end - INPUT ? <i32>written : INCOMPRESSIBLE;
}

/** Compresses INPUT .. INPUT + length to OUTPUT; answers the length, below `length`, or INCOMPRESSIBLE. */
export function compress(length: i32): i32 {
  const end = INPUT + <usize>length;
  let anchor = INPUT; // First byte that no sequence covers yet.
  let op = OUTPUT;
  if (length < LENGTH_MIN) return finish(op, anchor, end);

  const matchStartLast = end - MATCH_START_DISTANCE;
  const matchEnd = end - LAST_LITERALS;
  memory.fill(TABLE, 0, TABLE_BYTES); // Zero: position 0 is in the table, nothing else.
  let ip = INPUT + 1;
  let word = load<u64>(ip);
  while (true) {
    let match: usize;
    let attempts: usize = 1 << SKIP_SHIFT;
    while (true) {
      const at = slot(word);
      match = <usize>load<u16>(at, TABLE);
      store<u16>(at, <u16>ip, TABLE);
      if (load<u32>(match) == <u32>word) break;
      ip += attempts++ >> SKIP_SHIFT;
      if (ip > matchStartLast) return finish(op, anchor, end);
      word = load<u64>(ip);
    }
    while (ip > anchor && match > INPUT && load<u8>(ip - 1) == load<u8>(match - 1)) {
      ip--;
      match--;
    }
    let token = op;
    op = storeLiterals(op, anchor, ip - anchor);

    while (true) {
      store<u16>(op, <u16>(ip - match));
      op += 2;
      const matched = ip + MATCH_MIN;
      ip = matched;
      match += MATCH_MIN;
      do {
        const difference = load<u64>(ip) ^ load<u64>(match);
        if (difference != 0) {
          ip += <usize>(ctz(difference) >> 3);
          break;
        }
        ip += 8;
        match += 8;
      } while (ip < matchEnd);
      if (ip > matchEnd) ip = matchEnd; // What equals beyond it does not count.
      const more = ip - matched;
      if (more < LONG) {
        store<u8>(token, load<u8>(token) | <u8>more);
      } else {
        store<u8>(token, load<u8>(token) | <u8>LONG);
        op = storeLength(op, more - LONG);
      }
      anchor = ip;
      if (ip > matchStartLast) return finish(op, anchor, end);

      // Remember a position inside the match, then look for a match right behind it: a sequence without literals.
      store<u16>(slot(load<u64>(ip - 2)), <u16>(ip - 2), TABLE);
      word = load<u64>(ip);
      const at = slot(word);
      match = <usize>load<u16>(at, TABLE);
      store<u16>(at, <u16>ip, TABLE);
      if (load<u32>(match) != <u32>word) break;
      token = op;
      store<u8>(op++, 0);
    }
    ip++;
    if (ip > matchStartLast) return finish(op, anchor, end);
    word = load<u64>(ip);
  }
}

/**
 * Decompresses INPUT + start .. INPUT + start + length to OUTPUT; answers the length or CORRUPT.
 *
 * Short lengths are copied before they are checked: a sequence of short lengths writes at most 16 + 18 bytes past the
 * page and reads at most 18 past the block, into slack, and the check behind its literals then finds it.
 */
export function decompress(start: i32, length: i32): i32 {
  let ip = INPUT + <usize>start;
  const blockEnd = ip + <usize>length;
  const pageEnd = OUTPUT + PAGE_SIZE;
  let op = OUTPUT;
  let literals: usize;
  while (true) {
    const token = <usize>load<u8>(ip++);
    literals = token >> 4;
    if (literals != LONG) {
      v128.store(op, v128.load(ip));
      op += literals;
      ip += literals;
    } else {
      let more: usize;
      do {
        more = load<u8>(ip++);
        literals += more;
      } while (more == 255 && ip < blockEnd);
      const stop = op + literals;
      if (i32(ip + literals > blockEnd) | i32(stop > pageEnd)) return CORRUPT;
      v128.store(op, v128.load(ip));
      v128.store(op, v128.load(ip, 16), 16);
      if (literals > 32) wildCopy(op + 32, ip + 32, stop);
      op = stop;
      ip += literals;
    }
    if (i32(ip >= blockEnd) | i32(op > pageEnd)) break;

    const offset = <usize>load<u16>(ip);
    ip += 2;
    if (offset - 1 >= op - OUTPUT) return CORRUPT; // An offset of 0 wraps round.
    let match = op - offset;
    let matched = token & LONG;
    if (i32(matched != LONG) & i32(offset >= 8)) {
      store<u64>(op, load<u64>(match));
      store<u64>(op, load<u64>(match, 8), 8);
      store<u16>(op, load<u16>(match, 16), 16);
      op += matched + MATCH_MIN;
      continue;
    }
    if (matched == LONG) {
      let more: usize;
      do {
        more = load<u8>(ip++);
        matched += more;
      } while (more == 255 && ip < blockEnd);
    }
    const stop = op + matched + MATCH_MIN;
    if (stop > pageEnd) return CORRUPT;
    if (offset >= 16) {
      copyMatch(op, match, stop);
    } else if ((offset & (offset - 1)) == 0) {
      // Runs of equal words are frequent in memory: keep the pattern in a register.
      let pattern: v128;
      if (offset == 8) pattern = v128.load64_splat(match);
      else if (offset == 4) pattern = v128.load32_splat(match);
      else if (offset == 1) pattern = v128.load8_splat(match);
      else pattern = v128.load16_splat(match);
      fillPattern(op, pattern, stop);
    } else {
      if (offset < 8) {
        // Eight bytes one by one; then the pattern has a period of at least eight: the next multiple of the offset.
        store<u8>(op, load<u8>(match));
        store<u8>(op, load<u8>(match, 1), 1);
        store<u8>(op, load<u8>(match, 2), 2);
        store<u8>(op, load<u8>(match, 3), 3);
        store<u8>(op, load<u8>(match, 4), 4);
        store<u8>(op, load<u8>(match, 5), 5);
        store<u8>(op, load<u8>(match, 6), 6);
        store<u8>(op, load<u8>(match, 7), 7);
        op += 8;
        match = op - <usize>((0x0e0c0a0809080800 >> (<u64>offset << 3)) & 0xff);
      }
      while (op < stop) {
        store<u64>(op, load<u64>(match));
        op += 8;
        match += 8;
      }
    }
    op = stop;
  }
  const restored = op - OUTPUT;
  if (ip != blockEnd || op > pageEnd || restored == 0) return CORRUPT;
  // The last bytes are literals; only a block without any match may have fewer.
  if (literals < LAST_LITERALS && literals != restored) return CORRUPT;
  return <i32>restored;
}
