import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { PAGE_SIZE } from "@pagetier/base";
import { samplePages } from "@pagetier/compressor/conformance";
import { describe, expect, test } from "vitest";
import { liblz4 } from "../scripts/liblz4.mjs";
import { Lz4PlainCompressor, Lz4WasmCompressor } from "../src/index.js";
import { CORPORA, pagesOf, WITHOUT_CORPORA } from "./corpus.js";

interface Fixture {
  readonly name: string;
  readonly length: number;
  /** SHA-256 of the page. */
  readonly page: string;
  /** liblz4's blocks, base64; empty where the page did not get shorter. */
  readonly fast: string;
  readonly hc: string;
  /** SHA-256 of our block, which liblz4 has read, or "incompressible". */
  readonly ours: string;
}

const FIXTURES: Fixture[] = JSON.parse(readFileSync(new URL("fixtures/liblz4.json", import.meta.url), "utf8"));
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe.each([new Lz4WasmCompressor(), new Lz4PlainCompressor()])("engine $engine", (codec) => {
  test.each(FIXTURES)("$name: reads liblz4's blocks and makes the block that liblz4 has read", (fixture) => {
    for (const block of [fixture.fast, fixture.hc].map((text) => Buffer.from(text, "base64"))) {
      if (block.length === 0) continue;
      codec.input.set(block);
      expect(codec.decompress(0, block.length)).toBe(fixture.length);
      const page = codec.output.slice(0, fixture.length);
      expect(sha256(page)).toBe(fixture.page);

      codec.input.set(page);
      const length = codec.compress(fixture.length);
      expect(length === 0 ? "incompressible" : sha256(codec.output.subarray(0, length))).toBe(fixture.ours);
    }
  });
});

describe("the system's liblz4", () => {
  const WITHOUT_LIBLZ4 = liblz4("fast", []) === undefined ? "python3 with liblz4.so.1 is not there" : undefined;
  const codec = new Lz4WasmCompressor();

  /** Sends pages both ways. */
  function check(pages: Uint8Array[]): void {
    const blocks = pages.map((page) => {
      codec.input.set(page);
      return codec.output.slice(0, codec.compress(page.length));
    });
    const read = liblz4("decompress", blocks)!;
    const fast = liblz4("fast", pages)!;
    const hc = liblz4("hc", pages)!;
    for (const [index, page] of pages.entries()) {
      if (blocks[index]!.length > 0 && Buffer.compare(read[index]!, page) !== 0) throw new Error(`page ${index}`);
      for (const theirs of [fast[index]!, hc[index]!]) {
        if (theirs.length === 0) continue;
        codec.input.set(theirs);
        const length = codec.decompress(0, theirs.length);
        if (Buffer.compare(codec.output.subarray(0, length), page) !== 0) throw new Error(`block of page ${index}`);
      }
    }
  }

  test("reads our blocks of sample pages, and we read its", ({ skip }) => {
    skip(WITHOUT_LIBLZ4 !== undefined, WITHOUT_LIBLZ4);
    check([...samplePages().values()].flatMap((page) => [page, page.subarray(0, 13), page.subarray(0, PAGE_SIZE - 1)]));
  });

  test.for(CORPORA)("reads our blocks of %s, and we read its", (corpus, { skip }) => {
    skip(WITHOUT_LIBLZ4 !== undefined, WITHOUT_LIBLZ4);
    skip(WITHOUT_CORPORA !== undefined, WITHOUT_CORPORA);
    check(pagesOf(corpus).filter((_, index) => index % 8 === 0));
  });
});
