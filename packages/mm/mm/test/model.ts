// The most obvious program: a map of pages. Random operations go to a stack and to the map, and are compared.

import assert from "node:assert/strict";
import { createPrng, PAGE_SIZE, type Prng, TierError } from "@pagetier/base";
import type { Advice, AnonSpace } from "../src/index.js";
import { pageOf, type Rig } from "./rig.js";

/** Errors that an access may end in while a store fails; the access was not done then. */
const FORGIVEN = ["STORE_IO", "STORE_NO_SPACE", "MM_OUT_OF_MEMORY"];

export interface ModelOptions {
  readonly seed: number;
  readonly spaces?: number;
  readonly pages?: number;
  /** Whether accesses may fail with a store's error. */
  readonly mayFail?: () => boolean;
  /** Whether a random operation may be `shrink`. */
  readonly shrinks?: boolean;
}

interface Modelled {
  readonly space: AnonSpace;
  readonly pages: Map<number, Uint8Array>;
  /** Pages that read as zeroes from some moment on, unless they are written to before. */
  readonly lazy: Set<number>;
}

/** Advice that does not change what pages read as. */
const HARMLESS: readonly Advice[] = ["normal", "sequential", "random", "willneed", "cold", "pageout"];

const ZEROES = new Uint8Array(PAGE_SIZE);

export class Model {
  readonly rig: Rig;
  readonly prng: Prng;
  /** Accesses that ended in a forgiven error. */
  failures = 0;
  readonly #options: Required<Omit<ModelOptions, "seed">>;
  readonly #spaces: Modelled[] = [];
  readonly #into = new Uint8Array(PAGE_SIZE);
  #made = 0;

  constructor(rig: Rig, options: ModelOptions) {
    this.rig = rig;
    this.prng = createPrng(options.seed);
    this.#options = { spaces: 1, pages: 500, mayFail: () => false, shrinks: true, ...options };
    for (let count = 0; count < this.#options.spaces; count++) this.#open();
  }

  /** Writes every page once, so that memory is full. */
  async fill(): Promise<void> {
    for (const each of this.#spaces) {
      for (let page = 0; page < each.space.pages; page++) await this.#write(each, page, 0, this.#content());
    }
  }

  /** So many random operations, one after the other. */
  async sequential(operations: number): Promise<void> {
    for (let count = 0; count < operations; count++) await this.#step();
  }

  /** Batches of accesses that run together: those of one page take effect in the order of their calls. */
  async concurrent(batches: number, width: number): Promise<void> {
    for (let batch = 0; batch < batches; batch++) {
      const running: Promise<void>[] = [];
      const taken = new Set<string>();
      for (let count = 0; count < width; count++) {
        const index = this.prng.below(this.#spaces.length);
        const each = this.#spaces[index]!;
        const page = this.prng.below(each.space.pages);
        const key = `${index}:${page}`;
        if (this.prng.below(20) === 0) {
          const length = 1 + this.prng.below(Math.min(16, each.space.pages - page));
          running.push(each.space.advise(page, length, HARMLESS[this.prng.below(HARMLESS.length)]!));
        }
        const kind = this.prng.below(10);
        // What a failed write left undone must be plain, and a read that waits may see a discard that comes after it.
        if (taken.has(key) && (this.#options.mayFail() || kind === 9)) continue;
        taken.add(key);
        if (kind < 5) running.push(this.#read(each, page, 0, new Uint8Array(PAGE_SIZE)));
        else if (kind < 9) running.push(this.#write(each, page, ...this.#patch()));
        else this.#discard(each, page, 1);
      }
      await Promise.all(running);
      this.rig.mm.verify();
    }
  }

  /** Every page of every space is what the map says. */
  async check(): Promise<void> {
    for (const each of this.#spaces) {
      for (let page = 0; page < each.space.pages; page++) await this.#read(each, page, 0, this.#into);
    }
    this.verify();
  }

  verify(): void {
    this.rig.mm.verify();
    const { memory } = this.rig.mm.stats();
    assert.ok(memory.peakBytes <= memory.budgetBytes, "what was charged never exceeded the budget");
    const { pagesScanned, pagesStolen, pagesKept } = this.rig.mm.counters();
    assert.equal(pagesScanned, pagesStolen! + pagesKept!, "a page that is scanned leaves or stays");
  }

  /** Closes everything and sees that nothing is held. */
  async close(): Promise<void> {
    await this.rig.mm.close();
    this.rig.mm.verify();
    assert.equal(this.rig.frames.used, 0, "a closed stack holds no frame");
    assert.equal(this.rig.frontswap.currPages(), 0, "a closed stack has no page in a backend");
    assert.equal(this.rig.zswap?.currPages() ?? 0, 0, "a closed stack's backend holds no page");
  }

  async #step(): Promise<void> {
    const each = this.#spaces[this.prng.below(this.#spaces.length)]!;
    const page = this.prng.below(each.space.pages);
    const kind = this.prng.below(100);
    if (kind < 30) {
      const [offset, bytes] = this.#patch();
      await this.#read(each, page, offset, this.prng.below(2) === 0 ? this.#into : new Uint8Array(bytes.length));
    } else if (kind < 60) await this.#write(each, page, ...this.#patch());
    else if (kind < 75) this.#readNow(each, page);
    else if (kind < 90) this.#writeNow(each, page, ...this.#patch());
    else if (kind < 93) this.#discard(each, page, 1 + this.prng.below(Math.min(8, each.space.pages - page)));
    else if (kind < 97) await this.#advise(each, page);
    else if (kind < 99) {
      if (this.#options.shrinks) await this.rig.mm.shrink(this.prng.below(40) * PAGE_SIZE);
    } else if (this.#options.spaces > 1) {
      await each.space.close();
      this.#spaces.splice(this.#spaces.indexOf(each), 1);
      this.#open();
    }
  }

  #open(): void {
    const pages = this.#options.pages + (this.#options.spaces > 1 ? this.prng.below(40) : 0);
    const space = this.rig.mm.space({ name: `space ${++this.#made}`, size: pages * PAGE_SIZE });
    this.#spaces.push({ space, pages: new Map(), lazy: new Set() });
  }

  async #read(each: Modelled, page: number, offset: number, into: Uint8Array): Promise<void> {
    const at = into.length === PAGE_SIZE ? 0 : offset;
    const expected = (each.pages.get(page) ?? ZEROES).slice(at, at + into.length); // As of now: the order of calls counts.
    const shared = into === this.#into;
    const lazy = each.lazy.has(page);
    await this.#forgiving(async () => {
      const target = shared ? into : new Uint8Array(into.length);
      await each.space.read(page, at, target);
      this.#compare(each, page, target, expected, lazy);
    });
  }

  #readNow(each: Modelled, page: number): void {
    this.#forgivingNow(() => {
      if (each.space.readNow(page, 0, this.#into))
        this.#compare(each, page, this.#into, each.pages.get(page) ?? ZEROES, each.lazy.has(page));
    });
  }

  async #write(each: Modelled, page: number, offset: number, bytes: Uint8Array): Promise<void> {
    if (each.lazy.has(page) && bytes.length < PAGE_SIZE) return; // Nobody knows what it would be a part of.
    const before = each.pages.get(page);
    const wasLazy = each.lazy.delete(page);
    each.pages.set(page, patched(before, offset, bytes));
    const done = await this.#forgiving(() => each.space.write(page, offset, bytes));
    if (done) return;
    if (wasLazy) each.lazy.add(page);
    if (before === undefined) each.pages.delete(page);
    else each.pages.set(page, before);
  }

  #writeNow(each: Modelled, page: number, offset: number, bytes: Uint8Array): void {
    if (each.lazy.has(page) && bytes.length < PAGE_SIZE) return;
    this.#forgivingNow(() => {
      if (!each.space.writeNow(page, offset, bytes)) return;
      each.lazy.delete(page);
      each.pages.set(page, patched(each.pages.get(page), offset, bytes));
    });
  }

  #discard(each: Modelled, page: number, count: number): void {
    each.space.discard(page, count);
    for (let index = page; index < page + count; index++) {
      each.pages.delete(index);
      each.lazy.delete(index);
    }
  }

  async #advise(each: Modelled, page: number): Promise<void> {
    const count = 1 + this.prng.below(Math.min(24, each.space.pages - page));
    if (this.prng.below(4) > 0) return each.space.advise(page, count, HARMLESS[this.prng.below(HARMLESS.length)]!);
    await each.space.advise(page, count, "free");
    for (let index = page; index < page + count; index++) if (each.pages.has(index)) each.lazy.add(index);
  }

  #compare(each: Modelled, page: number, got: Uint8Array, expected: Uint8Array, lazy: boolean): void {
    if (lazy && got.every((byte) => byte === 0)) return;
    assert.equal(Buffer.compare(got, expected), 0, `page ${page} of ${each.space.name} is what was written last`);
  }

  async #forgiving(access: () => Promise<void>): Promise<boolean> {
    try {
      await access();
      return true;
    } catch (error) {
      this.#forgive(error);
      return false;
    }
  }

  #forgivingNow(access: () => void): void {
    try {
      access();
    } catch (error) {
      this.#forgive(error);
    }
  }

  #forgive(error: unknown): void {
    if (!this.#options.mayFail() || !FORGIVEN.some((code) => TierError.is(error, code))) throw error;
    this.failures++;
  }

  /** A page of content: same-filled, compressible, hardly so, or noise. */
  #content(): Uint8Array {
    const kind = this.prng.below(8);
    const seed = this.prng.u32();
    if (kind === 0) return new Uint8Array(PAGE_SIZE).fill(seed & 0xff);
    if (kind === 1) return new Uint8Array(new BigUint64Array(PAGE_SIZE / 8).fill(BigInt(seed) * 0x1_0001_0003n).buffer);
    return pageOf(seed, [0.02, 0.1, 0.3, 0.3, 0.6, 1][kind - 2]);
  }

  /** A whole page, or some bytes of one, with the edges of page-copy.ts often. */
  #patch(): [number, Uint8Array] {
    const kind = this.prng.below(4);
    if (kind === 0) return [0, this.#content()];
    const length = [this.prng.below(16), 47 + this.prng.below(3), this.prng.below(PAGE_SIZE)][kind - 1]!;
    const offset = this.prng.below(PAGE_SIZE - length + 1);
    const bytes = new Uint8Array(length);
    for (let index = 0; index < length; index += 7) bytes[index] = this.prng.u32();
    return [offset, bytes];
  }
}

function patched(page: Uint8Array | undefined, offset: number, bytes: Uint8Array): Uint8Array {
  const next = page?.slice() ?? new Uint8Array(PAGE_SIZE);
  next.set(bytes, offset);
  return next;
}
