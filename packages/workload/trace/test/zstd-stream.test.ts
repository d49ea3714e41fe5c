import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { TierError } from "@pagetier/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FailedInput } from "../src/input-error.js";
import { Xxh64 } from "../src/xxh64.js";
import { zstdContentBytes, zstdDecode } from "../src/zstd-stream.js";
import { sharedFolder } from "./files.js";
import * as samples from "./samples.js";

const INPUT: FailedInput = { path: "x.zst", subject: "trace", compression: "zstd", fileBytes: 0 };

async function* inChunks(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = new Uint8Array(length); // Reused, as the file reader does.
  for (let at = 0; at < bytes.length; at += length) {
    const part = bytes.subarray(at, at + length);
    buffer.set(part);
    yield buffer.subarray(0, part.length);
  }
}

async function decoded(bytes: Uint8Array, chunkLength = 1 << 16): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of zstdDecode(inChunks(bytes, chunkLength), INPUT)) pieces.push(piece.slice());
  return Buffer.concat(pieces);
}

async function failure(bytes: Uint8Array): Promise<TierError> {
  const error: unknown = await decoded(bytes).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!TierError.is(error)) throw new Error(`expected a TierError, got ${String(error)}`);
  return error;
}

/** The frame's bytes with a compressed block of the given contents. */
function frameOf(block: readonly number[]): Uint8Array {
  const header = (block.length << 3) | (2 << 1) | 1;
  return Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x38, header & 255, (header >> 8) & 255, header >> 16, ...block]);
}

describe("what the zstd command wrote", () => {
  for (const chunkLength of [1, 7, 65536]) {
    test(`is decoded from chunks of ${chunkLength} bytes`, async () => {
      expect((await decoded(samples.LINES_FROM_PIPE, chunkLength)).toString()).toBe(samples.sampleLines());
      expect((await decoded(samples.LINES_FROM_FILE, chunkLength)).toString()).toBe(samples.sampleLines());
      expect((await decoded(samples.LETTERS, chunkLength)).toString()).toBe(samples.sampleLetters());
      expect((await decoded(samples.ZEROES, chunkLength)).equals(Buffer.alloc(300_000))).toBe(true);
      expect((await decoded(samples.SHORT, chunkLength)).toString()).toBe("7 w\n");
      expect(await decoded(samples.NOTHING, chunkLength)).toHaveLength(0);
    });
  }

  test("may be several frames, with skippable ones between them", async () => {
    const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const file = Buffer.concat([skippable, samples.SHORT, samples.NOTHING, skippable, samples.LETTERS, samples.SHORT]);
    expect((await decoded(file, 5)).toString()).toBe(`7 w\n${samples.sampleLetters()}7 w\n`);
  });

  test("states its length if it was a file", () => {
    expect(zstdContentBytes(samples.LINES_FROM_FILE)).toBe(samples.sampleLines().length);
    expect(zstdContentBytes(samples.LINES_FROM_PIPE)).toBeUndefined();
    expect(zstdContentBytes(samples.LINES_FROM_FILE.subarray(0, 6))).toBeUndefined();
  });

  const shared = sharedFolder();
  test.skipIf(shared === undefined)("of megabytes has the stated sum (needs the full traces)", async () => {
    const expected: { traces: Record<string, { sha256_u32: string }> } = JSON.parse(
      readFileSync(`${shared}traces/expected.json`, "utf8"),
    );
    for (const name of ["mem-gcc-k16", "lirs-loop"]) {
      const hash = createHash("sha256").update(await decoded(readFileSync(`${shared}traces/${name}.u32.zst`)));
      expect(hash.digest("hex")).toBe(expected.traces[name]!.sha256_u32);
    }
  });
});

describe("a bad file", () => {
  test("that is cut anywhere ends too early, unless it is cut between frames", async () => {
    const file = samples.LETTERS;
    for (let length = 1; length < file.length; length += length < 30 ? 1 : 97) {
      const error = await failure(file.subarray(0, length));
      expect(error.code).toBe("TRACE_CORRUPT");
      expect(error.message).toMatch(/ends too early/);
      expect(error.context.offset).toBe(length);
    }
  });

  test("with any byte changed gives an error or, in a field without meaning, the right bytes", async () => {
    const right = samples.sampleLetters();
    await fc.assert(
      fc.asyncProperty(fc.nat(samples.LETTERS.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const file = Buffer.from(samples.LETTERS);
        file[at]! ^= change;
        try {
          const bytes = await decoded(file);
          // Without its checksum flag the frame cannot be checked, and four bytes are left over: not reached.
          expect(bytes.toString()).toBe(right);
        } catch (error) {
          if (!TierError.is(error)) throw error;
        }
      }),
      { numRuns: 400 },
    );
  });

  test("of random bytes behind the magic number gives an error, and ends", async () => {
    const head = fc.uint8Array({ minLength: 0, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(head, fc.constantFrom(0x00, 0x20, 0x24, 0x04), async (bytes, descriptor) => {
        const file = Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, descriptor, ...bytes]);
        await decoded(file).catch((error: unknown) => {
          if (!TierError.is(error)) throw error;
        });
      }),
      { numRuns: 300 },
    );
  });

  test("whose compressed block is random gives an error or bytes, and ends", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(255), { minLength: 3, maxLength: 60 }), async (block) => {
        block[0] = (block[0]! & 0xfc) | 2; // With a Huffman table of its own.
        await decoded(frameOf(block)).catch((error: unknown) => {
          if (!TierError.is(error)) throw error;
        });
      }),
      { numRuns: 1000 },
    );
  });

  test("with a table that takes no bits does not run forever", async () => {
    // Literals of 100 bytes in 20; weights coded in 10 bytes; accuracy 5; the first symbol has probability 32 of 32.
    const endless = [0x46, 0x06, 0x05, 10, 0xf0, 0x03, 0, 0, 0, 0, 0, 0, 0, 1, ...new Array<number>(20).fill(1)];
    expect((await failure(frameOf(endless))).code).toBe("TRACE_CORRUPT");
  });

  test("that asks for a huge window or a dictionary says so before anything is allocated", async () => {
    const window = await failure(Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0xa0, 1, 0, 0]));
    expect(window.message).toMatch(/needs a window of 1073741824 bytes.*--long/);
    const dictionary = await failure(Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 1, 0x58, 7, 1, 0, 0]));
    expect(dictionary.message).toMatch(/dictionary/);
  });

  test("with another frame's checksum is damaged", async () => {
    const file = Buffer.from(samples.ZEROES);
    file[file.length - 1]! ^= 1;
    const error = await failure(file);
    expect(error.code).toBe("TRACE_CORRUPT");
    expect(error.message).toMatch(/is damaged/);
  });
});

describe("XXH64", () => {
  const letters = (length: number): Uint8Array => Buffer.from(samples.sampleLetters().slice(0, length));
  const low32 = (bytes: Uint8Array): number => {
    const hash = new Xxh64();
    hash.update(bytes);
    return hash.low32();
  };

  test("agrees with the sums that the zstd command writes, at every way to end", () => {
    const sums: readonly (readonly [length: number, low32: number])[] = [
      [0, 0x51d8e999],
      [1, 0xa98c6e5b],
      [3, 0x82370f5f],
      [4, 0x16856116],
      [5, 0xea0750f3],
      [8, 0xc56f7622],
      [12, 0xfb5b07ae],
      [31, 0xa1759aba],
      [32, 0xe30dfcbb],
      [33, 0x6913c35e],
      [63, 0xbea7deef],
      [100, 0x00215088],
      [1000, 0x21784d1c],
    ];
    for (const [length, sum] of sums) expect(low32(letters(length))).toBe(sum);
  });

  test("does not depend on how the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(90), { maxLength: 12 }), (cuts) => {
        const bytes = letters(cuts.reduce((sum, cut) => sum + cut, 0));
        const hash = new Xxh64();
        let at = 0;
        for (const cut of cuts) {
          hash.update(bytes.subarray(at, at + cut));
          at += cut;
        }
        expect(hash.low32()).toBe(low32(bytes));
      }),
    );
  });
});
