// What every compressor promises, as tests: bytes come back, results depend on the bytes alone, buffers stay what and where
// they are, and corrupt bytes end in a coded error or a page.

import assert from "node:assert/strict";
import { createPrng, PAGE_SIZE, TierError } from "@pagetier/base";
import fc from "fast-check";
import { COMPRESSOR_INPUT_BYTES, type Compressor, INCOMPRESSIBLE } from "../compressor.js";
import { randomBytes, SAMPLE_LENGTHS, samplePages } from "./pages.js";

/** Any test runner: vitest's, node:test's, … */
export interface TestRunner {
  describe(name: string, body: () => void): void;
  test(name: string, body: () => void | Promise<void>): void;
}

type MakeCompressor = () => Compressor;

/** Fills whatever no call mentions, so that a codec which reads or keeps it is found out. */
const RUBBISH = 0xa5;

/** Compresses `bytes`; answers a copy of the result, or `undefined` when they are incompressible. */
function compressed(codec: Compressor, bytes: Uint8Array): Uint8Array | undefined {
  codec.input.fill(RUBBISH);
  codec.input.set(bytes);
  const length = codec.compress(bytes.length);
  return length === INCOMPRESSIBLE ? undefined : codec.output.slice(0, length);
}

/** Decompresses `bytes` put at `start`; answers a copy of the result. */
function restored(codec: Compressor, bytes: Uint8Array, start = 0): Uint8Array {
  codec.input.fill(RUBBISH);
  codec.input.set(bytes, start);
  codec.output.fill(RUBBISH);
  const length = codec.decompress(start, bytes.length);
  return codec.output.slice(0, length);
}

/** Compresses and restores; throws unless the bytes come back or are incompressible. */
function roundTrip(codec: Compressor, bytes: Uint8Array, name: string): void {
  const short = compressed(codec, bytes);
  if (short === undefined) return;
  assert.ok(Buffer.compare(restored(codec, short), bytes) === 0, `${bytes.length} bytes of ${name} come back`);
}

/** A codec that answers the length of a page of zeros copies whatever it gets: it is the null codec. */
function copies(codec: Compressor): boolean {
  return compressed(codec, new Uint8Array(PAGE_SIZE))?.length === PAGE_SIZE;
}

/** What `input` and `output` are. */
export function bufferConformance({ describe, test }: TestRunner, make: MakeCompressor): void {
  describe("buffers", () => {
    test("the type is a name that recipes can write", () => {
      assert.match(make().type, /^[a-z0-9][a-z0-9.-]*$/);
    });

    test("the input holds two pages, the output exactly one", () => {
      const { input, output } = make();
      assert.ok(input.length >= COMPRESSOR_INPUT_BYTES, `the input holds ${input.length} bytes`);
      assert.equal(output.length, PAGE_SIZE);
    });

    test("input and output do not overlap", () => {
      const { input, output } = make();
      input.fill(1);
      output.fill(2);
      assert.ok(input.every((byte) => byte === 1));
    });

    test("both buffers keep their identity and length", () => {
      const codec = make();
      const { input, output } = codec;
      const lengths = [input.length, output.length];
      for (const [name, page] of samplePages()) roundTrip(codec, page, name);
      assert.ok(codec.input === input && codec.output === output, "the same buffers as before");
      assert.deepEqual([input.length, output.length], lengths);
    });

    test("two codecs share no buffer", () => {
      const one = make();
      const other = make();
      one.input.fill(1);
      one.output.fill(1);
      other.input.fill(2);
      other.output.fill(2);
      assert.ok(one.input.every((byte) => byte === 1) && one.output.every((byte) => byte === 1));
    });

    test("the memory it says it holds covers both buffers", () => {
      const codec = make();
      const bytes = codec.memoryBytes();
      assert.ok(Number.isInteger(bytes) && bytes >= codec.input.length + codec.output.length, `it says ${bytes}`);
    });

    test("refuses ranges outside its buffers", () => {
      const codec = make();
      for (const length of [0, -1, PAGE_SIZE + 1]) {
        assert.throws(() => codec.compress(length), `compress(${length})`);
        assert.throws(() => codec.decompress(0, length), `decompress(0, ${length})`);
      }
      const end = codec.input.length;
      assert.throws(() => codec.decompress(-1, 10), "before the input");
      assert.throws(() => codec.decompress(end - 9, 10), "past the input");
    });
  });
}

/** That bytes come back, and how long results are. */
export function roundTripConformance({ describe, test }: TestRunner, make: MakeCompressor): void {
  describe("round trip", () => {
    test("restores every kind of page at every length", () => {
      const codec = make();
      for (const [name, page] of samplePages()) {
        for (const length of SAMPLE_LENGTHS) roundTrip(codec, page.subarray(0, length), name);
      }
    });

    test("restores from anywhere in the input", () => {
      const codec = make();
      for (const [name, page] of samplePages()) {
        const short = compressed(codec, page);
        if (short === undefined) continue;
        for (const start of [1, 7, 100, PAGE_SIZE - 1, PAGE_SIZE, codec.input.length - short.length]) {
          if (start + short.length > codec.input.length) continue;
          assert.ok(Buffer.compare(restored(codec, short, start), page) === 0, `${name} from ${start}`);
        }
      }
    });

    test("restores pages made of random runs and repetitions", () => {
      const codec = make();
      const piece = fc.oneof(
        { weight: 3, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 40 }) },
        { weight: 1, arbitrary: fc.uint8Array({ minLength: 200, maxLength: 600 }) },
        {
          weight: 3,
          arbitrary: fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 700 })).map(([b, n]) => new Uint8Array(n).fill(b)),
        },
      );
      const pages = fc.array(fc.tuple(piece, fc.integer({ min: 1, max: 3 })), { minLength: 1, maxLength: 40 });
      fc.assert(
        fc.property(pages, (pieces) => {
          const bytes = Buffer.concat(pieces.flatMap(([bytes, times]) => Array.from({ length: times }, () => bytes)));
          roundTrip(codec, bytes.subarray(0, PAGE_SIZE), "runs");
        }),
        { numRuns: 100 },
      );
    });

    test("answers a length from 1 to that of the bytes, or INCOMPRESSIBLE", () => {
      const codec = make();
      const copying = copies(codec);
      for (const [name, page] of samplePages()) {
        for (const length of SAMPLE_LENGTHS) {
          codec.input.set(page);
          const answer = codec.compress(length);
          const most = copying ? length : length - 1;
          assert.ok(
            answer === INCOMPRESSIBLE || (Number.isInteger(answer) && answer >= 1 && answer <= most),
            `${length} bytes of ${name} become ${answer}`,
          );
        }
      }
    });

    test("finds random bytes incompressible, unless it copies every page", () => {
      const codec = make();
      if (copies(codec)) return;
      for (const length of [64, 1000, PAGE_SIZE]) {
        codec.input.set(randomBytes(length, length));
        assert.equal(codec.compress(length), INCOMPRESSIBLE, `${length} random bytes`);
      }
    });

    test("makes a page of zeros much shorter, unless it copies every page", () => {
      const codec = make();
      const length = compressed(codec, new Uint8Array(PAGE_SIZE))?.length;
      assert.ok(length !== undefined && (length === PAGE_SIZE || length <= PAGE_SIZE / 8), `${length} bytes`);
    });
  });
}

/** That results depend on the bytes alone, and calls change nothing but the output. */
export function purityConformance({ describe, test }: TestRunner, make: MakeCompressor): void {
  describe("purity", () => {
    test("gives the same bytes for a page whatever came before it", () => {
      const codec = make();
      const pages = [...samplePages()];
      const first = pages.map(([, page]) => compressed(codec, page));
      const prng = createPrng(2);
      for (let round = 0; round < 200; round++) {
        const index = prng.below(pages.length);
        const [name, page] = pages[index]!;
        const again = compressed(codec, page);
        assert.deepEqual(again, first[index], name);
        if (again !== undefined && round % 3 === 0) restored(codec, again);
      }
    });

    test("a fresh codec gives the same bytes", () => {
      const used = make();
      for (const [name, page] of samplePages())
        assert.deepEqual(compressed(make(), page), compressed(used, page), name);
    });

    test("bytes behind the length do not matter", () => {
      const codec = make();
      for (const [name, page] of samplePages()) {
        for (const length of [5, 13, 100, 4090]) {
          const results = [0, 255, page[length - 1]!].map((rest) => {
            codec.input.fill(rest);
            codec.input.set(page.subarray(0, length));
            return codec.output.slice(0, codec.compress(length));
          });
          assert.deepEqual(results[1], results[0], name);
          assert.deepEqual(results[2], results[0], name);
        }
      }
    });

    test("what the output held before does not matter", () => {
      const codec = make();
      for (const [name, page] of samplePages()) {
        const results = [0, 255].map((rest) => {
          codec.input.set(page);
          codec.output.fill(rest);
          return codec.output.slice(0, codec.compress(PAGE_SIZE));
        });
        assert.deepEqual(results[1], results[0], name);
        if (results[0]!.length === 0) continue;
        codec.input.set(results[0]!);
        for (const rest of [0, 255]) {
          codec.output.fill(rest);
          codec.decompress(0, results[0]!.length);
          assert.ok(Buffer.compare(codec.output, page) === 0, name);
        }
      }
    });

    test("compressing leaves the input as it was", () => {
      const codec = make();
      for (const [name, page] of samplePages()) {
        codec.input.fill(RUBBISH);
        codec.input.set(page);
        const before = codec.input.slice();
        codec.compress(PAGE_SIZE);
        assert.ok(Buffer.compare(codec.input, before) === 0, name);
      }
    });

    test("decompressing leaves the input as it was", () => {
      const codec = make();
      for (const [name, page] of samplePages()) {
        const short = compressed(codec, page);
        if (short === undefined) continue;
        codec.input.fill(RUBBISH);
        codec.input.set(short, 33);
        const before = codec.input.slice();
        codec.decompress(33, short.length);
        assert.ok(Buffer.compare(codec.input, before) === 0, name);
      }
    });
  });
}

/** Pages whose compressed bytes the corruption group damages; few, since each is damaged many times. */
const DAMAGED = ["zeros", "text", "pointers", "period 3", "half random, half zero"];

/**
 * Decompresses damaged bytes: an error with the code COMPRESSOR_CORRUPT or 1..PAGE_SIZE bytes, and the input as before.
 */
function suffer(codec: Compressor, bytes: Uint8Array, damage: string): void {
  codec.input.fill(RUBBISH);
  codec.input.set(bytes, 11);
  const before = codec.input.slice();
  try {
    const length = codec.decompress(11, bytes.length);
    assert.ok(Number.isInteger(length) && length >= 1 && length <= PAGE_SIZE, `${damage}: it answers ${length}`);
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    assert.ok(TierError.is(error, "COMPRESSOR_CORRUPT"), `${damage}: it throws ${String(error)}`);
  }
  assert.ok(Buffer.compare(codec.input, before) === 0, `${damage}: the input is as it was`);
}

/** What becomes of bytes that the codec did not produce. */
export function corruptionConformance({ describe, test }: TestRunner, make: MakeCompressor): void {
  const victims = (codec: Compressor): { name: string; page: Uint8Array; short: Uint8Array }[] => {
    const pages = samplePages();
    return DAMAGED.map((name) => {
      const page = pages.get(name)!;
      const short = compressed(codec, page);
      return short === undefined ? undefined : { name, page, short };
    }).filter((victim) => victim !== undefined);
  };

  describe("corrupt bytes", () => {
    test("flipped bits end in COMPRESSOR_CORRUPT or a page", () => {
      const codec = make();
      const prng = createPrng(3);
      for (const { name, short } of victims(codec)) {
        for (let round = 0; round < 150; round++) {
          const bytes = short.slice();
          // The first bytes carry headers: flip each of their bits, then any.
          const bit = round < 64 ? round % (bytes.length * 8) : prng.below(bytes.length * 8);
          bytes[bit >> 3]! ^= 1 << (bit & 7);
          suffer(codec, bytes, `${name}, bit ${bit} flipped`);
        }
      }
    });

    test("replaced bytes end in COMPRESSOR_CORRUPT or a page", () => {
      const codec = make();
      const prng = createPrng(4);
      for (const { name, short } of victims(codec)) {
        for (let round = 0; round < 100; round++) {
          const bytes = short.slice();
          const at = prng.below(bytes.length);
          const value = [0, 255, prng.below(256)][prng.below(3)]!;
          bytes.fill(value, at, at + 1 + prng.below(4));
          suffer(codec, bytes, `${name}, ${value} at ${at}`);
        }
      }
    });

    test("missing and additional bytes end in COMPRESSOR_CORRUPT or a page", () => {
      const codec = make();
      const prng = createPrng(5);
      for (const { name, short } of victims(codec)) {
        for (let round = 0; round < 60; round++) {
          const length = round < 20 ? Math.max(1, short.length - 1 - round) : 1 + prng.below(short.length);
          suffer(codec, short.subarray(0, length), `${name}, ${length} of ${short.length} bytes`);
        }
        if (short.length < PAGE_SIZE)
          suffer(codec, Buffer.concat([short, short.subarray(0, 1)]), `${name}, one byte more`);
      }
    });

    test("random bytes end in COMPRESSOR_CORRUPT or a page", () => {
      const codec = make();
      const prng = createPrng(6);
      for (let round = 0; round < 300; round++) {
        const length = round < 50 ? 1 + round : 1 + prng.below(PAGE_SIZE);
        const bytes = randomBytes(length, 1000 + round);
        if (round % 4 === 0) bytes.fill([0, 255][prng.below(2)]!, 0, 1 + prng.below(length));
        suffer(codec, bytes, `${length} random bytes, round ${round}`);
      }
    });

    test("a page still comes back after corrupt bytes", () => {
      const codec = make();
      const prng = createPrng(7);
      for (const { name, page, short } of victims(codec)) {
        for (let round = 0; round < 20; round++) {
          const bytes = short.slice(0, 1 + prng.below(short.length));
          bytes[prng.below(bytes.length)]! ^= 0xff;
          suffer(codec, bytes, name);
          assert.ok(Buffer.compare(restored(codec, short), page) === 0, `${name} comes back`);
          assert.deepEqual(compressed(codec, page), short, `${name} compresses as before`);
        }
      }
    });
  });
}

/**
 * All groups. Run it in any test runner:
 *
 * ```ts
 * compressorConformance({ describe, test }, () => new Lz4WasmCompressor());
 * ```
 *
 * @param make makes a fresh codec; called several times per test
 */
export function compressorConformance(runner: TestRunner, make: MakeCompressor): void {
  runner.describe("compressor conformance", () => {
    bufferConformance(runner, make);
    roundTripConformance(runner, make);
    purityConformance(runner, make);
    corruptionConformance(runner, make);
  });
}
