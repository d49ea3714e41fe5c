// What every chooser promises, as tests: a page comes back through the codec that the chooser names, decisions depend on the
// pages alone, and a result is the chosen codec's own.

import assert from "node:assert/strict";
import { createPrng, PAGE_SIZE } from "@pagetier/base";
import fc from "fast-check";
import type { CodecChooser } from "../codec-chooser.js";
import { INCOMPRESSIBLE } from "../compressor.js";
import type { TestRunner } from "./compressor-conformance.js";
import { randomBytes, samplePages } from "./pages.js";

type MakeChooser = () => CodecChooser;

/** What became of a page: the number of the codec that an entry would record, and the bytes. */
interface Result {
  readonly codec: number;
  readonly bytes: Uint8Array;
}

/** Fills what no call mentions, so that a chooser which reads or keeps it is found out. */
const RUBBISH = 0xa5;

/** Compresses a page; answers a copy of the result, or `undefined` when it is to be kept as it is. */
function compressed(chooser: CodecChooser, page: Uint8Array): Result | undefined {
  chooser.input.fill(RUBBISH);
  chooser.input.set(page);
  const length = chooser.compress();
  if (length === INCOMPRESSIBLE) return undefined;
  const { chosen, codecs } = chooser;
  assert.ok(Number.isInteger(length) && length >= 1 && length <= PAGE_SIZE, `a length of ${length} bytes`);
  assert.ok(Number.isInteger(chosen) && chosen >= 0 && chosen < codecs.length, `codec ${chosen} of ${codecs.length}`);
  return { codec: chosen, bytes: codecs[chosen]!.output.slice(0, length) };
}

function restored(chooser: CodecChooser, { codec, bytes }: Result): Uint8Array {
  const { input, output } = chooser.codecs[codec]!;
  input.fill(RUBBISH);
  input.set(bytes);
  return output.slice(0, chooser.codecs[codec]!.decompress(0, bytes.length));
}

function comesBack(chooser: CodecChooser, page: Uint8Array, name: string): void {
  const result = compressed(chooser, page);
  if (result === undefined) return;
  assert.ok(Buffer.compare(restored(chooser, result), page) === 0, `${name} comes back`);
}

/** The sample pages, each several times and in no order, with random pages that come once and some that come again. */
function mixedPages(seed: number): Uint8Array[] {
  const prng = createPrng(seed);
  const pages = [...samplePages().values(), ...Array.from({ length: 12 }, (_, index) => randomBytes(PAGE_SIZE, index))];
  return Array.from({ length: 160 }, () => pages[prng.below(pages.length)]!);
}

/** What a chooser is made of. */
export function chooserShapeConformance({ describe, test }: TestRunner, make: MakeChooser): void {
  describe("codecs", () => {
    test("the type is a name that recipes can write", () => {
      assert.match(make().type, /^[a-z0-9][a-z0-9.-]*$/);
    });

    test("the page goes to the first codec's input", () => {
      const chooser = make();
      assert.ok(chooser.codecs.length >= 1, "there is a codec");
      assert.ok(chooser.input === chooser.codecs[0]!.input, "the same buffer");
    });

    test("no codec is listed twice, and no two share a buffer", () => {
      const { codecs } = make();
      for (const [number, codec] of codecs.entries()) {
        codec.input.fill(2 * number);
        codec.output.fill(2 * number + 1);
      }
      for (const [number, codec] of codecs.entries()) {
        assert.ok(codec.input.every((byte) => byte === 2 * number) && codec.output[0] === 2 * number + 1, codec.type);
      }
    });

    test("the list, its codecs and the input stay the same", () => {
      const chooser = make();
      const { codecs, input } = chooser;
      const before = [...codecs];
      for (const page of mixedPages(1)) compressed(chooser, page);
      assert.ok(chooser.codecs === codecs && chooser.input === input, "the same list, the same input");
      assert.ok(before.length === codecs.length && before.every((codec, number) => codec === codecs[number]), "codecs");
    });

    test("two choosers share no codec", () => {
      const [one, other] = [make(), make()];
      assert.ok(one.codecs.every((codec) => !other.codecs.includes(codec)));
    });

    test("the memory it says it holds covers its codecs", () => {
      const chooser = make();
      const codecs = chooser.codecs.reduce((sum, codec) => sum + codec.memoryBytes(), 0);
      const bytes = chooser.memoryBytes();
      assert.ok(Number.isInteger(bytes) && bytes >= codecs, `it says ${bytes}, its codecs ${codecs}`);
    });

    test("counters are whole numbers, and a snapshot", () => {
      const chooser = make();
      const before = chooser.counters();
      const copy = { ...before };
      for (const page of mixedPages(2)) compressed(chooser, page);
      assert.deepEqual(before, copy, "the snapshot is as it was");
      for (const [name, value] of Object.entries(chooser.counters())) {
        assert.ok(Number.isInteger(value) && value >= 0, `${name} is ${value}`);
      }
    });
  });
}

/** That pages come back, and what decisions depend on. */
export function chooserDecisionConformance({ describe, test }: TestRunner, make: MakeChooser): void {
  describe("decisions", () => {
    test("every page comes back through the codec that is named", () => {
      const chooser = make();
      for (const [name, page] of samplePages()) comesBack(chooser, page, name);
      for (const page of mixedPages(3)) comesBack(chooser, page, "one of mixed pages");
    });

    test("pages that nearly repeat come back", () => {
      const chooser = make();
      const change = fc.record({
        at: fc.nat(PAGE_SIZE - 1),
        length: fc.integer({ min: 1, max: 2000 }),
        byte: fc.nat(255),
      });
      const kinds = [...samplePages()];
      fc.assert(
        fc.property(fc.nat(kinds.length - 1), fc.array(change, { maxLength: 4 }), (index, changes) => {
          const [name, bytes] = kinds[index]!;
          const page = bytes.slice();
          comesBack(chooser, page, name);
          for (const { at, length, byte } of changes) page.fill(byte, at, at + length);
          comesBack(chooser, page, `${name} with changes`);
        }),
        { numRuns: 200 },
      );
    });

    test("a result is what the chosen codec alone makes of the page", () => {
      const chooser = make();
      const alone = make().codecs;
      for (const page of mixedPages(4)) {
        const result = compressed(chooser, page);
        if (result === undefined) continue;
        const codec = alone[result.codec]!;
        codec.input.set(page);
        codec.compress(PAGE_SIZE); // Twice, so that it has made more results than the chooser's.
        assert.ok(Buffer.compare(codec.output.subarray(0, codec.compress(PAGE_SIZE)), result.bytes) === 0, codec.type);
      }
    });

    test("the same pages in the same order lead to the same decisions", () => {
      const [one, other] = [make(), make()];
      for (const page of mixedPages(5)) assert.deepEqual(compressed(one, page), compressed(other, page));
      assert.deepEqual(one.counters(), other.counters());
    });

    test("what is decompressed between them changes no decision", () => {
      const [one, other] = [make(), make()];
      const kept: Result[] = [];
      for (const [index, page] of mixedPages(6).entries()) {
        const result = compressed(one, page);
        assert.deepEqual(result, compressed(other, page));
        if (result !== undefined) kept.push(result);
        if (kept.length > 0) restored(one, kept[(index * 7) % kept.length]!);
      }
      assert.deepEqual(one.counters(), other.counters());
    });

    test("compressing leaves the input as it was", () => {
      const chooser = make();
      for (const page of mixedPages(7)) {
        chooser.input.fill(RUBBISH);
        chooser.input.set(page);
        const before = chooser.input.slice();
        chooser.compress();
        assert.ok(Buffer.compare(chooser.input, before) === 0);
      }
    });
  });
}

/**
 * All groups for a chooser. Its codecs have a kit of their own.
 *
 * @param make makes a fresh chooser with fresh codecs; called several times per test
 */
export function chooserConformance(runner: TestRunner, make: MakeChooser): void {
  runner.describe("chooser conformance", () => {
    chooserShapeConformance(runner, make);
    chooserDecisionConformance(runner, make);
  });
}
