import { PAGE_SIZE } from "@pagetier/base";
import { describe, expect, test } from "vitest";
import { chooserConformance } from "../src/conformance/index.js";
import { type CodecChooser, type Compressor, chooserOf } from "../src/index.js";
import { failuresOf } from "./recording-runner.js";
import { RunLengthCompressor } from "./run-length-compressor.js";
import { TurnChooser } from "./turn-chooser.js";

describe("a chooser of two", () => chooserConformance({ describe, test }, () => new TurnChooser()));
describe("the choice of one", () => chooserConformance({ describe, test }, () => chooserOf(new RunLengthCompressor())));

let pagesOfAll = 0;
const ONE_CODEC = new RunLengthCompressor();

/** A codec whose results say how many came before. */
class CountingCodec extends RunLengthCompressor {
  #calls = 0;
  override compress(length: number): number {
    const written = super.compress(length);
    if (written === 0) return 0;
    this.output[written] = this.#calls++;
    return written + 1;
  }
  override decompress(start: number, length: number): number {
    return super.decompress(start, length - 1);
  }
}

/** Choosers that break one rule each, with the test that must name the fault. */
const CANARIES: Record<string, [failing: string, make: () => CodecChooser]> = {
  "has a type that no recipe can write": [
    "the type is a name that recipes can write",
    () =>
      new (class extends TurnChooser {
        override readonly type = "Turn about";
      })(),
  ],
  "takes pages in a buffer of its own": [
    "the page goes to the first codec's input",
    () =>
      new (class extends TurnChooser {
        override input = new Uint8Array(2 * PAGE_SIZE);
      })(),
  ],
  "lists a codec twice": [
    "no codec is listed twice, and no two share a buffer",
    () =>
      new (class extends TurnChooser {
        override codecs: readonly Compressor[] = [this.first, this.first];
      })(),
  ],
  "makes codecs while it works": [
    "the list, its codecs and the input stay the same",
    () =>
      new (class extends TurnChooser {
        override compress(): number {
          this.codecs = [this.codecs[0]!, new RunLengthCompressor()];
          return super.compress();
        }
      })(),
  ],
  "shares a codec with all others": [
    "two choosers share no codec",
    () =>
      new (class extends TurnChooser {
        override codecs: readonly Compressor[] = [this.first, ONE_CODEC];
      })(),
  ],
  "forgets the memory of its codecs": [
    "the memory it says it holds covers its codecs",
    () =>
      new (class extends TurnChooser {
        override memoryBytes(): number {
          return super.memoryBytes() - 1;
        }
      })(),
  ],
  "lends its counters": [
    "counters are whole numbers, and a snapshot",
    () =>
      new (class extends TurnChooser {
        override counters() {
          return this.counted;
        }
      })(),
  ],
  "names the wrong codec": [
    "a result is what the chosen codec alone makes of the page",
    () =>
      new (class extends TurnChooser {
        override compress(): number {
          const length = super.compress();
          this.chosen = 0;
          return length;
        }
      })(),
  ],
  "answers a length for what no codec compressed": [
    "every page comes back through the codec that is named",
    () =>
      new (class extends TurnChooser {
        override compress(): number {
          return super.compress() || PAGE_SIZE;
        }
      })(),
  ],
  "takes a page that looks like the last for the last": [
    "pages that nearly repeat come back",
    () =>
      new (class extends TurnChooser {
        #first = -1;
        #length = 0;
        override compress(): number {
          if (this.input[0] === this.#first) return this.#length;
          this.#first = this.input[0]!;
          this.#length = super.compress();
          return this.#length;
        }
      })(),
  ],
  "has codecs whose results depend on earlier calls": [
    "a result is what the chosen codec alone makes of the page",
    () =>
      new (class extends TurnChooser {
        override codecs: readonly Compressor[] = [this.first, new CountingCodec()];
      })(),
  ],
  "decides by what earlier choosers did": [
    "the same pages in the same order lead to the same decisions",
    () =>
      new (class extends TurnChooser {
        override next(): number {
          super.next();
          this.chosen = pagesOfAll++ % 3 === 0 ? 1 : 0;
          return this.chosen;
        }
      })(),
  ],
  "decides by what its codecs restored": [
    "what is decompressed between them changes no decision",
    () =>
      new (class extends TurnChooser {
        #restored = 0;
        constructor() {
          super();
          const restore = this.first.decompress.bind(this.first);
          this.first.decompress = (start, length) => {
            this.#restored++;
            return restore(start, length);
          };
        }
        override next(): number {
          super.next();
          this.chosen = this.#restored % 2;
          return this.chosen;
        }
      })(),
  ],
  "marks the input": [
    "compressing leaves the input as it was",
    () =>
      new (class extends TurnChooser {
        override compress(): number {
          const length = super.compress();
          this.input[0]! ^= 1;
          return length;
        }
      })(),
  ],
};

describe("the kit finds a chooser that", () => {
  test.each(Object.entries(CANARIES))("%s", async (_fault, [failing, make]) => {
    expect(await failuresOf((runner) => chooserConformance(runner, make), failing)).toEqual([failing]);
  });
});

describe("chooserOf", () => {
  test("answers a chooser as it is", () => {
    const chooser = new TurnChooser();
    expect(chooserOf(chooser)).toBe(chooser);
  });

  test("makes one codec the choice of one", () => {
    const codec = new RunLengthCompressor();
    const chooser = chooserOf(codec);
    expect(chooser.codecs).toEqual([codec]);
    expect(chooser.type).toBe(codec.type);
    expect(chooser.memoryBytes()).toBe(codec.memoryBytes());
    expect(chooser.counters()).toEqual({});
  });
});
