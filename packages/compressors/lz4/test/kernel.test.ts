import { expect, test } from "vitest";
import { Lz4WasmCompressor } from "../src/index.js";
import { CORPORA, kernelLengths, pagesOf, WITHOUT_CORPORA } from "./corpus.js";

/** In the kernel's lengths: same-filled, and does not fit a page. */
const SAME_FILLED = 0;
const TOO_LONG = 65535;

test.for(CORPORA)("%s takes at most 1.03 times the bytes of the kernel's lz4", (corpus, { skip }) => {
  skip(WITHOUT_CORPORA !== undefined, WITHOUT_CORPORA);
  const codec = new Lz4WasmCompressor();
  const theirs = kernelLengths("lz4", corpus);
  let ourBytes = 0;
  let theirBytes = 0;
  for (const [index, page] of pagesOf(corpus).entries()) {
    const their = theirs[index]!;
    if (their === SAME_FILLED || their === TOO_LONG) continue;
    codec.input.set(page);
    const our = codec.compress(page.length);
    if (our === 0) continue; // Compared over the pages that both store compressed.
    ourBytes += our;
    theirBytes += their;
  }
  expect(theirBytes).toBeGreaterThan(1_000_000);
  expect(ourBytes / theirBytes).toBeLessThanOrEqual(1.03);
});
