import { PAGE_SIZE } from "@pagetier/base";
import { describe, expect, test } from "vitest";
import { compressorConformance } from "../src/conformance/index.js";
import type { Compressor } from "../src/index.js";
import { failuresOf } from "./recording-runner.js";
import { RunLengthCompressor } from "./run-length-compressor.js";

compressorConformance({ describe, test }, () => new RunLengthCompressor());

let instances = 0;

/** Codecs that break one rule each, with the test that must name the fault. */
const CANARIES: Record<string, [failing: string, make: () => Compressor]> = {
  "has a type that no recipe can write": [
    "the type is a name that recipes can write",
    () =>
      new (class extends RunLengthCompressor {
        override readonly type = "run length";
      })(),
  ],
  "has an input of one page": [
    "the input holds two pages, the output exactly one",
    () =>
      new (class extends RunLengthCompressor {
        override input = new Uint8Array(PAGE_SIZE);
      })(),
  ],
  "has overlapping buffers": [
    "input and output do not overlap",
    () =>
      new (class extends RunLengthCompressor {
        override output = this.input.subarray(PAGE_SIZE);
      })(),
  ],
  "makes a new output for each result": [
    "both buffers keep their identity and length",
    () =>
      new (class extends RunLengthCompressor {
        override compress(length: number): number {
          this.output = new Uint8Array(PAGE_SIZE);
          return super.compress(length);
        }
      })(),
  ],
  "says it holds nothing": [
    "the memory it says it holds covers both buffers",
    () =>
      new (class extends RunLengthCompressor {
        override memoryBytes(): number {
          return 0;
        }
      })(),
  ],
  "takes lengths that are no page": [
    "refuses ranges outside its buffers",
    () =>
      new (class extends RunLengthCompressor {
        override compress(length: number): number {
          return super.compress(Math.max(1, Math.min(length, PAGE_SIZE)));
        }
      })(),
  ],
  "changes one byte of a page": [
    "restores every kind of page at every length",
    () =>
      new (class extends RunLengthCompressor {
        override decompress(start: number, length: number): number {
          const restored = super.decompress(start, length);
          if (restored === 1000) this.output[999]! ^= 1;
          return restored;
        }
      })(),
  ],
  "ignores where the bytes start": [
    "restores from anywhere in the input",
    () =>
      new (class extends RunLengthCompressor {
        override decompress(start: number, length: number): number {
          return super.decompress(start >= PAGE_SIZE ? 0 : start, length);
        }
      })(),
  ],
  "answers more than the length": [
    "answers a length from 1 to that of the bytes, or INCOMPRESSIBLE",
    () =>
      new (class extends RunLengthCompressor {
        override compress(length: number): number {
          return super.compress(length) || length;
        }
      })(),
  ],
  "stores random bytes as they are": [
    "finds random bytes incompressible, unless it copies every page",
    () =>
      new (class extends RunLengthCompressor {
        override compress(length: number): number {
          return super.compress(length) || length;
        }
      })(),
  ],
  "finds everything incompressible": [
    "makes a page of zeros much shorter, unless it copies every page",
    () =>
      new (class extends RunLengthCompressor {
        override compress(length: number): number {
          super.compress(length);
          return 0;
        }
      })(),
  ],
  "keeps what an earlier page left": [
    "gives the same bytes for a page whatever came before it",
    () =>
      new (class extends RunLengthCompressor {
        #calls = 0;
        override compress(length: number): number {
          return this.#calls++ % 50 === 49 ? 0 : super.compress(length);
        }
      })(),
  ],
  "differs from instance to instance": [
    "a fresh codec gives the same bytes",
    () =>
      new (class extends RunLengthCompressor {
        readonly #lucky = instances++ % 3 === 0;
        override compress(length: number): number {
          return this.#lucky ? super.compress(length) : 0;
        }
      })(),
  ],
  "looks behind the length": [
    "bytes behind the length do not matter",
    () =>
      new (class extends RunLengthCompressor {
        override compress(length: number): number {
          return this.input[length] === 255 ? 0 : super.compress(length);
        }
      })(),
  ],
  "trusts the output to be zero": [
    "what the output held before does not matter",
    () =>
      new (class extends RunLengthCompressor {
        override decompress(start: number, length: number): number {
          const before = this.output.slice();
          const restored = super.decompress(start, length);
          for (let at = 0; at < restored; at++) if (this.output[at] === 0) this.output[at] = before[at]!;
          return restored;
        }
      })(),
  ],
  "marks the input when compressing": [
    "compressing leaves the input as it was",
    () =>
      new (class extends RunLengthCompressor {
        override compress(length: number): number {
          const written = super.compress(length);
          this.input[PAGE_SIZE] = 0;
          return written;
        }
      })(),
  ],
  "marks the input when decompressing": [
    "decompressing leaves the input as it was",
    () =>
      new (class extends RunLengthCompressor {
        override decompress(start: number, length: number): number {
          const restored = super.decompress(start, length);
          this.input[start + length] = 0;
          return restored;
        }
      })(),
  ],
  "throws without a code": [
    "random bytes end in COMPRESSOR_CORRUPT or a page",
    () =>
      new (class extends RunLengthCompressor {
        override corrupt(): Error {
          return new RangeError("bad run");
        }
      })(),
  ],
  "answers more than a page for corrupt bytes": [
    "flipped bits end in COMPRESSOR_CORRUPT or a page",
    () =>
      new (class extends RunLengthCompressor {
        override decompress(start: number, length: number): number {
          try {
            return super.decompress(start, length);
          } catch {
            return PAGE_SIZE + 1;
          }
        }
      })(),
  ],
  "is broken by corrupt bytes": [
    "a page still comes back after corrupt bytes",
    () =>
      new (class extends RunLengthCompressor {
        #broken = false;
        override decompress(start: number, length: number): number {
          const restored = super.decompress(start, length);
          if (this.#broken) this.output[0]! ^= 1;
          return restored;
        }
        override corrupt(length: number): Error {
          this.#broken = true;
          return super.corrupt(length);
        }
      })(),
  ],
};

describe("the kit finds a codec that", () => {
  test.each(Object.entries(CANARIES))("%s", async (_fault, [failing, make]) => {
    expect(await failuresOf((runner) => compressorConformance(runner, make), failing)).toEqual([failing]);
  });

  test("shares its buffers with others", async () => {
    const shared = new Uint8Array(2 * PAGE_SIZE);
    const make = () =>
      new (class extends RunLengthCompressor {
        override input = shared;
      })();
    expect(await failuresOf((runner) => compressorConformance(runner, make))).toEqual(["two codecs share no buffer"]);
  });
});
