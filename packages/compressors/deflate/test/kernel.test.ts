import { expect, test } from "vitest";
import { DeflateCompressor } from "../src/index.js";
import { CORPORA, kernelLengths, pagesOf, WITHOUT_CORPORA } from "./corpus.js";

/** In the kernel's lengths: same-filled, and does not fit a page. */
const SAME_FILLED = 0;
const TOO_LONG = 65535;
/** fflate takes 200 microseconds a page: every fourth page is enough. */
const EVERY = 4;

test.for(CORPORA)("%s takes at most 1.03 times the bytes of the kernel's deflate", (corpus, { skip }) => {
  skip(WITHOUT_CORPORA !== undefined, WITHOUT_CORPORA);
  const codec = new DeflateCompressor();
  const theirs = kernelLengths("deflate", corpus);
  let ourBytes = 0;
  let theirBytes = 0;
  for (const [index, page] of pagesOf(corpus).entries()) {
    const their = theirs[index]!;
    if (index % EVERY !== 0 || their === SAME_FILLED || their === TOO_LONG) continue;
    codec.input.set(page);
    const our = codec.compress(page.length);
    if (our === 0) continue; // Compared over the pages that both store compressed.
    ourBytes += our;
    theirBytes += their;
  }
  expect(theirBytes).toBeGreaterThan(1_000_000);
  expect(ourBytes / theirBytes).toBeLessThanOrEqual(1.03);
});
