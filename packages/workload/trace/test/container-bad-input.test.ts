import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { crc32, deflateRawSync } from "node:zlib";
import { TierError } from "@pagetier/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Container } from "../src/index.js";
import { scratchFolder } from "./files.js";

const scratch = scratchFolder();
let files = 0;

/** Reads everything of a file with these bytes. */
async function readBytes(bytes: Uint8Array): Promise<void> {
  const container = await Container.open(scratch(`bad-${files++ % 8}.ptt`, bytes));
  for await (const _ of container.read());
}

/** The error that reading ends with. */
async function errorOf(bytes: Uint8Array): Promise<TierError> {
  try {
    await readBytes(bytes);
  } catch (error) {
    if (TierError.is(error)) return error;
    throw error;
  }
  throw new Error("was read without an error");
}

// Containers by hand, from the document.

function header(windowPages = 4, change: (bytes: Buffer) => void = () => undefined): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.write("895054540d0a1a0a0100000000100000", "hex");
  bytes.writeUInt32LE(windowPages, 16);
  change(bytes);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 28)), 28);
  return bytes;
}

function block(
  type: number,
  items: number,
  payload: Uint8Array,
  change: (header: Buffer) => void = () => undefined,
): Buffer {
  const bytes = Buffer.alloc(24 + payload.length);
  bytes.writeUInt8(type, 0);
  bytes.writeUInt32LE(items, 4);
  bytes.writeUInt32LE(payload.length, 8);
  bytes.writeUInt32LE(payload.length, 12);
  bytes.writeUInt32LE(crc32(payload), 16);
  bytes.set(payload, 24);
  change(bytes);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 20)), 20);
  return bytes;
}

const ABOUT = block(1, 1, Buffer.from("{}"));
const ANON = block(2, 1, Buffer.from([0, 0, 1, 97]));
const FILE = block(2, 1, Buffer.from([1, 2, 1, 98])); // Of two pages.
const ZERO_HASH = Buffer.alloc(8);
ZERO_HASH.writeUInt32LE(zeroHash().low, 0);
ZERO_HASH.writeUInt32LE(zeroHash().high, 4);
const ZEROES = block(3, 1, Buffer.concat([Buffer.from([0]), ZERO_HASH, Buffer.from([0]), Buffer.alloc(8)]));

/** The hash of a page of zeroes, by the document. */
function zeroHash(): { low: number; high: number } {
  const mul = (a: number, b: number) => Math.imul(a, b);
  const run = (seed: number, factor: number, bits: number) => {
    let lane = seed;
    for (let n = 0; n < 256; n++) {
      lane = mul(lane, factor);
      lane = (lane << bits) | (lane >>> (32 - bits));
    }
    return lane;
  };
  const a = run(0x243f6a88, 0x9e3779b1, 13);
  const b = run(0x13198a2e, 0x85ebca77, 15);
  const c = run(0xa4093822, 0xc2b2ae3d, 17);
  const d = run(0x299f31d0, 0x27d4eb2f, 11);
  const mix = (h: number, x: number) => {
    let m = mul(h ^ x, 0x85ebca6b);
    m ^= m >>> 15;
    m = mul(m, 0xc2b2ae35);
    return m ^ (m >>> 13);
  };
  return {
    low: mix(mix(mix(mix(0x165667b1, a), b), c), d) >>> 0,
    high: mix(mix(mix(mix(0x2c1b3c6d, d), b ^ (a << 7)), a), c) >>> 0,
  };
}

function end(figures: readonly number[], spacePages: readonly number[]): Buffer {
  const payload = Buffer.alloc(92 + 4 * spacePages.length);
  for (const [index, figure] of figures.entries()) payload.writeBigUInt64LE(BigInt(figure), index * 8);
  payload.writeUInt32LE(spacePages.length, 88);
  for (const [index, pages] of spacePages.entries()) payload.writeUInt32LE(pages, 92 + index * 4);
  return block(255, 1, payload);
}

function trailer(endAt: number): Buffer {
  const bytes = Buffer.from("0000000000000000505454454e440d0a", "hex");
  bytes.writeBigUInt64LE(BigInt(endAt), 0);
  return bytes;
}

/** One read of page 0 of space 0: a whole file. */
function wholeFile(): Buffer {
  const front = Buffer.concat([header(), ABOUT, ANON, ZEROES, block(4, 1, Buffer.from([0, 1, 0, 0, 0]))]);
  return Buffer.concat([front, end([1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0], [1]), trailer(front.length)]);
}

const EXAMPLE = readFileSync(
  fileURLToPath(new URL("../../../../docs/container-format.md", import.meta.url)),
  "utf8",
).match(/^[0-9a-f]{8} {2}(?:[0-9a-f]{2} ?)+$/gm)!;
const EXAMPLE_BYTES = Buffer.from(EXAMPLE.map((line) => line.slice(10).replaceAll(" ", "")).join(""), "hex");

describe("a container that is damaged", () => {
  test("is told from a whole one: two whole ones", async () => {
    await readBytes(EXAMPLE_BYTES);
    await readBytes(wholeFile());
  });

  test("in any one byte: a coded error with the byte of the block", async () => {
    for (let at = 0; at < EXAMPLE_BYTES.length; at++) {
      const bytes = Buffer.from(EXAMPLE_BYTES);
      bytes[at]! ^= 1 << (at % 8);
      const error = await errorOf(bytes);
      expect(["TRACE_CORRUPT", "TRACE_FORMAT", "TRACE_TRUNCATED"]).toContain(error.code);
      if (at >= 8) expect(error.code).toBe("TRACE_CORRUPT");
      const { offset } = error.context as { offset: number };
      expect(offset).toBeLessThanOrEqual(at);
      expect(offset).toBeGreaterThanOrEqual(at - 24 - 96);
    }
  });

  test("by ending too early, wherever: TRACE_TRUNCATED with the byte where it ends", async () => {
    for (let length = 8; length < EXAMPLE_BYTES.length; length++) {
      const error = await errorOf(EXAMPLE_BYTES.subarray(0, length));
      expect(error).toMatchObject({ code: "TRACE_TRUNCATED", context: { offset: length } });
      expect(error.message).toContain(`ends at byte ${length}`);
    }
    for (const bytes of [EXAMPLE_BYTES.subarray(0, 1), EXAMPLE_BYTES.subarray(0, 7)])
      expect((await errorOf(bytes)).code).toBe("TRACE_TRUNCATED");
    expect((await errorOf(Buffer.alloc(0))).code).toBe("TRACE_EMPTY");
  });

  test("by more than a file: what follows is named", async () => {
    const error = await errorOf(Buffer.concat([EXAMPLE_BYTES, Buffer.from([0])]));
    expect(error).toMatchObject({ code: "TRACE_CORRUPT", context: { offset: EXAMPLE_BYTES.length } });
  });

  test("a file of other bytes, or of a version to come, is TRACE_FORMAT", async () => {
    expect((await errorOf(Buffer.from("0 r\n1 w\n2 r\n"))).code).toBe("TRACE_FORMAT");
    const later = await errorOf(header(4, (bytes) => bytes.writeUInt16LE(2, 8)));
    expect(later.code).toBe("TRACE_FORMAT");
    expect(later.message).toContain("version 2.0");
    const pages = await errorOf(header(4, (bytes) => bytes.writeUInt32LE(16384, 12)));
    expect(pages.message).toContain("pages of 16384 bytes");
  });
});

describe("a container with sound checksums that says what cannot be", () => {
  /** Blocks behind header and about, and what the message must say. */
  async function check(what: RegExp, ...blocks: readonly Buffer[]): Promise<void> {
    const front = Buffer.concat([header(), ABOUT]);
    const error = await errorOf(Buffer.concat([front, ...blocks]));
    expect(error.message).toMatch(what);
    expect(error.code).toBe("TRACE_CORRUPT");
    const before = blocks.slice(0, -1).reduce((sum, { length }) => sum + length, front.length);
    expect(error.context).toMatchObject({ offset: before });
  }

  const ops = (items: number, ...bytes: number[]) => block(4, items, Buffer.from(bytes));

  test("in the header", async () => {
    expect((await errorOf(header(0))).message).toContain("a window of 0 pages");
    expect((await errorOf(header(65_537))).message).toContain("a window of 65537 pages");
  });

  test("in what it is about", async () => {
    for (const text of ["", "[]", "7", "{", "null"]) {
      const error = await errorOf(Buffer.concat([header(), block(1, 1, Buffer.from(text))]));
      expect(error).toMatchObject({ code: "TRACE_CORRUPT", context: { offset: 32 } });
    }
    const long = Buffer.from(JSON.stringify({ origin: "x".repeat(70_000) }));
    expect((await errorOf(Buffer.concat([header(), block(1, 1, long)]))).message).toContain("too long");
    expect((await errorOf(Buffer.concat([header(), ANON]))).message).toContain("first block");
  });

  test("in a block's header", async () => {
    await check(
      /too large/,
      block(4, 1, Buffer.alloc(8), (bytes) => bytes.writeUInt32LE(2 ** 20 + 1, 8)),
    );
    await check(
      /cannot take/,
      block(4, 1, Buffer.alloc(8), (bytes) => bytes.writeUInt32LE(7, 12)),
    );
    await check(
      /reserved/,
      block(4, 1, Buffer.alloc(8), (bytes) => bytes.writeUInt8(1, 3)),
    );
    await check(/block type 6 is unknown/, block(6, 1, Buffer.alloc(8)));
    await check(
      /compression 2/,
      block(4, 1, Buffer.alloc(8), (bytes) => bytes.writeUInt8(2, 1)),
    );
    await readBytes(Buffer.concat([wholeFile().subarray(0, 58), block(200, 1, Buffer.alloc(3)), rest()]));
  });

  /** What follows the about block of {@link wholeFile}, with its trailer moved by a block of 27 bytes. */
  function rest(): Buffer {
    const bytes = Buffer.from(wholeFile().subarray(58));
    const at = bytes.length - 16;
    bytes.writeBigUInt64LE(bytes.readBigUInt64LE(at) + 27n, at);
    return bytes;
  }

  test("in what is packed", async () => {
    const packed = (raw: Buffer, rawBytes: number, stored = deflateRawSync(raw)) =>
      block(4, 1, stored, (bytes) => {
        bytes.writeUInt8(1, 1);
        bytes.writeUInt32LE(rawBytes, 8);
      });
    await check(/cannot be unpacked/, packed(Buffer.alloc(1000), 999));
    await check(/cannot be unpacked/, packed(Buffer.alloc(1000), 1001));
    await check(/cannot be unpacked/, packed(Buffer.alloc(0), 1000, Buffer.from("not deflate")));
    // A bomb: a mebibyte of stored bytes cannot become more than it says.
    await check(/cannot be unpacked/, packed(Buffer.alloc(2 ** 26), 2 ** 20));
  });

  test("in a space", async () => {
    await check(/kind of a space/, block(2, 1, Buffer.from([2, 0, 0])));
    await check(/cannot begin with 3 pages/, block(2, 1, Buffer.from([0, 3, 0])));
    await check(/cannot begin with/, block(2, 1, Buffer.from([1, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0])));
    await check(/ends inside/, block(2, 1, Buffer.from([0, 0, 5, 97])));
    await check(/name of 300 bytes/, block(2, 1, Buffer.from([0, 0, 0xac, 2, 97])));
    await check(/left over/, block(2, 1, Buffer.from([0, 0, 0, 0])));
  });

  test("in a content", async () => {
    const content = (...bytes: number[]) => block(3, 1, Buffer.from(bytes));
    const hash = [...ZERO_HASH];
    await check(/slot 4 lies outside/, content(4, ...hash, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    await check(/kind 3 is unknown/, content(0, ...hash, 3));
    await check(/hash of a content/, content(0, ...hash, 0, 1, 0, 0, 0, 0, 0, 0, 0));
    await check(/ends inside/, content(0, ...hash, 1, 0, 0, 0));
    await check(/slot 1, which holds none/, content(0, ...hash, 2, 1, 0));
    await check(/outside its page/, ZEROES, content(1, ...hash, 2, 0, 1, 0x80, 0x20, 1, 0));
    await check(/outside its page/, ZEROES, content(1, ...hash, 2, 0, 1, 0, 0));
    await check(/ends inside/, ZEROES, content(1, ...hash, 2, 0, 0x7f));
    await check(/left over/, content(0, ...hash, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9));
  });

  test("in an operation", async () => {
    await check(/ends inside/, ANON, ops(1));
    await check(/operation 0 is unknown/, ANON, ops(1, 0, 0));
    await check(/operation 10 is unknown/, ANON, ops(1, 0, 10));
    await check(/space 1 is not described/, ANON, ops(1, 0, 1, 0, 1, 0));
    await check(/no page -1/, ANON, ops(1, 0, 1, 0, 0, 1));
    await check(/no page 4294967295/, ANON, ops(1, 0, 1, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0x1f));
    await check(/no page 4294967295/, ANON, ops(1, 0, 5, 0, 0, 0xfc, 0xff, 0xff, 0xff, 0x1f, 2));
    await check(/range has no page/, ANON, ops(1, 0, 5, 0, 0, 0, 0));
    await check(/slot 0 holds no content/, ANON, ops(1, 0, 2, 0, 0, 0, 0));
    await check(/outside its page/, ANON, ZEROES, ops(1, 0, 3, 0, 0, 0, 0, 0, 0));
    await check(/outside its page/, ANON, ZEROES, ops(1, 0, 3, 0, 0, 0, 0, 1, 0x80, 0x20));
    await check(/53 bits/, ANON, ops(1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1));
    await check(/53 bits/, ANON, ops(1, ...Array.from({ length: 30 }, () => 0x80), 1));
    await check(/53 bits/, ANON, ops(2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 1, 0, 0));
    await check(/time goes back/, ANON, ops(1, 9, 1, 0, 0, 0), ops(1, 8, 1, 0, 0, 0));
    await check(/after its exit/, ANON, ops(2, 0, 8, 0, 0, 1, 0, 0, 0));
    await check(/for files/, ANON, ops(1, 0, 7, 0, 0));
    await check(/for files/, ANON, ops(1, 0, 6, 0, 0, 1));
    await check(/for files/, ANON, ZEROES, ops(1, 0, 9, 0, 0, 0, 0));
    await check(/for anonymous spaces/, FILE, ops(1, 0, 5, 0, 0, 0, 1));
    await check(/page 2 lies beyond the end of a file of 2 pages/, FILE, ops(1, 0, 1, 0, 0, 4));
    await check(/page 1 lies beyond the end of a file of 1 pages/, FILE, ops(2, 0, 6, 0, 0, 1, 1, 0, 0, 2));
    await check(/preset after the file was used/, FILE, ZEROES, ops(2, 0, 7, 0, 0, 9, 0, 0, 0, 0));
    await check(/too long/, ANON, block(4, 8193, Buffer.from([0, ...Array.from({ length: 8193 * 4 + 1 }, () => 1)])));
    await check(/left over/, ANON, ops(1, 0, 1, 0, 0, 0, 0));
  });

  test("in the end", async () => {
    const front = Buffer.concat([header(), ABOUT, ANON, block(4, 1, Buffer.from([0, 1, 5, 0, 0]))]);
    const figures = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 5];
    const whole = (totals: readonly number[], pages: readonly number[], endAt = front.length) =>
      Buffer.concat([front, end(totals, pages), trailer(endAt)]);
    await readBytes(whole(figures, [1]));
    for (let field = 0; field < figures.length; field++) {
      const error = await errorOf(
        whole(
          figures.map((figure, at) => (at === field ? figure + 1 : figure)),
          [1],
        ),
      );
      expect(error).toMatchObject({ code: "TRACE_CORRUPT", context: { offset: front.length } });
      expect(error.message).toContain("where the end says");
    }
    expect((await errorOf(whole(figures, [2]))).message).toContain("1 pages of space 0 where the end says 2");
    expect((await errorOf(whole(figures, []))).message).toContain("1 spaces where the end says 0");
    expect((await errorOf(whole(figures, [1], 7))).message).toContain("the trailer does not name the end block");
  });

  test("in anything, at random: a coded error or a whole file, never another exception", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(2, 3, 4, 255), fc.nat(4), fc.array(fc.nat(255), { maxLength: 40 })), {
          maxLength: 6,
        }),
        async (blocks) => {
          const made = blocks.map(([type, items, bytes]) => block(type, items, Buffer.from(bytes)));
          await errorOf(Buffer.concat([header(), ABOUT, ANON, ZEROES, ...made])); // Never whole: there is no trailer.
        },
      ),
      { numRuns: 200 },
    );
  });
});
