// Decides page by page between raw, a fast codec and a strong one.
//
// In this order, cheapest first, until something settles it:
//   sample    128 bytes with nearly as many values as random bytes have: raw, nothing is tried
//   memory    the same sample was found incompressible lately: raw, nothing is tried
//   fast      leaves no more than `strongAboveBytes`: there is little left to gain, done
//   strong    kept if it saves a step (64 bytes, about what an allocator's size classes can tell apart), else fast's result
//             stands; when neither makes the page shorter it is raw, and remembered
//
// A strong codec costs several times the fast one's time, on the way back too, and can save few bytes of a page that is short
// already; a page that it does compress has cost the fast one's time in addition. Every guess may be wrong, and costs density or time then: what is stored is always what some
// codec made, and names it.

import { assert, type Counters, PAGE_SIZE } from "@pagetier/base";
import { type CodecChooser, type Compressor, INCOMPRESSIBLE } from "@pagetier/compressor";
import { ADAPTIVE_OPTIONS_DEFAULT, type AdaptiveOptions } from "./options.js";
import { PageSample } from "./page-sample.js";
import { RefusedPages } from "./refused-pages.js";

/** Numbers of the codecs. */
const FAST = 0;
const STRONG = 1;

export class AdaptiveChooser implements CodecChooser {
  readonly type = "adaptive";
  readonly codecs: readonly Compressor[];
  readonly input: Uint8Array;
  readonly #fast: Compressor;
  readonly #strong: Compressor;
  readonly #options: AdaptiveOptions;
  /** The page in the input. */
  readonly #page: Uint8Array;
  readonly #sample = new PageSample();
  readonly #refused: RefusedPages;
  #chosen = FAST;

  #pages = 0;
  #rawBySample = 0;
  #rawRemembered = 0;
  #rawTried = 0;
  #fastPages = 0;
  #strongPages = 0;
  #strongTries = 0;
  #strongRejected = 0;
  #strongSavedBytes = 0;

  constructor(fast: Compressor, strong: Compressor, options: Partial<AdaptiveOptions> = {}) {
    assert(fast !== strong, "the two codecs have buffers of their own");
    this.codecs = [fast, strong];
    this.input = fast.input;
    this.#fast = fast;
    this.#strong = strong;
    this.#options = { ...ADAPTIVE_OPTIONS_DEFAULT, ...options };
    this.#page = fast.input.subarray(0, PAGE_SIZE);
    const { rememberPages, retryAfterPages } = this.#options;
    this.#refused = new RefusedPages(powerOfTwoFrom(rememberPages), retryAfterPages);
  }

  get chosen(): number {
    return this.#chosen;
  }

  compress(): number {
    this.#pages++;
    this.#sample.take(this.#page);
    if (this.#sample.distinct >= this.#options.rawFromValues) {
      this.#rawBySample++;
      return INCOMPRESSIBLE;
    }
    if (this.#refused.has(this.#sample.fingerprint, this.#pages)) {
      this.#rawRemembered++;
      return INCOMPRESSIBLE;
    }
    const fast = lengthOf(this.#fast.compress(PAGE_SIZE));
    if (fast > this.#options.strongAboveBytes) {
      const strong = this.#tryStrong(fast);
      if (strong !== INCOMPRESSIBLE) return strong;
    }
    if (fast === PAGE_SIZE) {
      this.#refused.add(this.#sample.fingerprint, this.#pages);
      this.#rawTried++;
      return INCOMPRESSIBLE;
    }
    this.#fastPages++;
    this.#chosen = FAST;
    return fast;
  }

  /**
   * How often what was decided. `pages` = `rawBySample` + `rawRemembered` + `rawTried` + `fastPages` + `strongPages`;
   * `strongTries` = `strongPages` + `strongRejected`.
   */
  counters(): Counters {
    return {
      pages: this.#pages,
      rawBySample: this.#rawBySample,
      rawRemembered: this.#rawRemembered,
      rawTried: this.#rawTried,
      fastPages: this.#fastPages,
      strongPages: this.#strongPages,
      strongTries: this.#strongTries,
      strongRejected: this.#strongRejected,
      strongSavedBytes: this.#strongSavedBytes,
    };
  }

  memoryBytes(): number {
    return this.#fast.memoryBytes() + this.#strong.memoryBytes() + this.#sample.memoryBytes + this.#refused.memoryBytes;
  }

  /** @returns the strong codec's result, or INCOMPRESSIBLE when it is not worth its time at each load */
  #tryStrong(fast: number): number {
    this.#strongTries++;
    this.#strong.input.set(this.#page);
    const strong = lengthOf(this.#strong.compress(PAGE_SIZE));
    const { stepBytes } = this.#options;
    if (Math.ceil(strong / stepBytes) >= Math.ceil(fast / stepBytes)) {
      this.#strongRejected++;
      return INCOMPRESSIBLE;
    }
    this.#strongPages++;
    this.#strongSavedBytes += fast - strong;
    this.#chosen = STRONG;
    return strong;
  }
}

/** What a codec's answer costs: a page, when there is no shorter result. */
function lengthOf(answer: number): number {
  return answer === INCOMPRESSIBLE ? PAGE_SIZE : answer;
}

/** The least power of two that is not below `count`; 0 for 0. */
function powerOfTwoFrom(count: number): number {
  return count === 0 ? 0 : 2 ** Math.ceil(Math.log2(count));
}
