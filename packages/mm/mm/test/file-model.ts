// A file against a map of pages, with an anonymous space beside it that keeps memory short.

import assert from "node:assert/strict";
import { createPrng, PAGE_SIZE, type Prng, TierError } from "@pagetier/base";
import type { Advice, AnonSpace, FileSpace } from "../src/index.js";
import type { FileRig } from "./file-rig.js";
import { pageOf } from "./rig.js";

const FORGIVEN = ["STORE_IO", "MM_OUT_OF_MEMORY"];

const ADVICE: readonly Advice[] = ["normal", "sequential", "random", "willneed", "cold", "pageout", "dontneed"];

export interface FileModelOptions {
  readonly seed: number;
  /** Whether accesses may fail with a store's error. */
  readonly mayFail?: () => boolean;
}

export class FileModel {
  readonly rig: FileRig;
  readonly prng: Prng;
  /** Accesses that ended in a forgiven error. */
  failures = 0;
  readonly #mayFail: () => boolean;
  readonly #file: FileSpace;
  readonly #beside: AnonSpace;
  readonly #pages = new Map<number, Uint8Array>();
  readonly #besidePages = new Map<number, Uint8Array>();
  readonly #pagesMax: number;

  constructor(rig: FileRig, options: FileModelOptions) {
    this.rig = rig;
    this.prng = createPrng(options.seed);
    this.#mayFail = options.mayFail ?? (() => false);
    this.#file = rig.file;
    this.#pagesMax = rig.file.pages;
    for (let page = 0; page < this.#pagesMax; page++) this.#pages.set(page, pageOf(page));
    this.#beside = rig.mm.space({ name: "beside", size: 150 * PAGE_SIZE });
  }

  /** Batches of accesses to different pages that run together, with what concerns the whole file between them. */
  async run(batches: number, width: number): Promise<void> {
    for (let batch = 0; batch < batches; batch++) {
      const running: Promise<void>[] = [];
      const taken = new Set<number>();
      // In order often, so that pages are read ahead.
      let page = this.prng.below(Math.max(1, this.#file.pages));
      const inOrder = this.prng.below(2) === 0;
      for (let count = 0; count < width && this.#file.pages > 0; count++) {
        page = inOrder ? (page + 1) % this.#file.pages : this.prng.below(this.#file.pages);
        if (taken.has(page)) continue;
        taken.add(page);
        if (this.prng.below(25) === 0) running.push(this.#advise(page));
        const kind = this.prng.below(16);
        if (kind < 6) running.push(this.#read(page));
        else if (kind < 8) this.#readNow(page);
        else if (kind < 11) running.push(this.#write(page, ...this.#patch()));
        else if (kind < 12) this.#writeNow(page, ...this.#patch());
        else if (kind < 15) running.push(this.#writeBeside(this.prng.below(150)));
        else running.push(this.#forgiving(() => this.#file.fsync()).then(() => undefined));
      }
      await Promise.all(running);
      await this.#between();
      this.rig.mm.verify();
      this.rig.backend.verify();
    }
  }

  /** Every page of the file and beside it is what the maps say; then the same of the store. */
  async check(): Promise<void> {
    for (let page = 0; page < this.#file.pages; page++) await this.#read(page);
    const into = new Uint8Array(PAGE_SIZE);
    for (const [page, expected] of this.#besidePages) {
      await this.#beside.read(page, 0, into);
      assert.equal(Buffer.compare(into, expected), 0, `page ${page} beside is what was written last`);
    }
    await this.#file.fsync();
    for (let page = 0; page < this.#file.pages; page++) {
      this.#compare(page, await this.rig.store.peek(page), this.#pages.get(page)!);
    }
    this.rig.mm.verify();
    const { memory } = this.rig.mm.stats();
    assert.ok(memory.peakBytes <= memory.budgetBytes, "what was charged never exceeded the budget");
  }

  async close(): Promise<void> {
    await this.rig.mm.close();
    assert.equal(this.rig.frames.used, 0, "a closed stack holds no frame");
    assert.equal(this.rig.backend.counters().pages, 0, "a closed stack has no page in cleancache");
  }

  async #between(): Promise<void> {
    const kind = this.prng.below(12);
    if (kind < 3) await this.rig.mm.shrink(this.prng.below(100) * PAGE_SIZE);
    else if (kind < 4) this.rig.backend.reclaim(this.prng.below(20));
    else if (kind < 6) await this.#truncate(1 + this.prng.below(this.#pagesMax));
  }

  async #truncate(pages: number): Promise<void> {
    const before = this.#file.pages;
    await this.#forgiving(() => this.#file.truncate(pages));
    for (let page = Math.min(before, this.#file.pages); page < this.#pagesMax; page++) {
      this.#pages.set(page, new Uint8Array(PAGE_SIZE));
    }
  }

  async #advise(page: number): Promise<void> {
    const count = 1 + this.prng.below(Math.min(40, this.#file.pages - page));
    await this.#file.advise(page, count, ADVICE[this.prng.below(ADVICE.length)]!);
  }

  async #read(page: number): Promise<void> {
    const expected = this.#pages.get(page)!;
    const into = new Uint8Array(PAGE_SIZE);
    if (await this.#forgiving(() => this.#file.read(page, 0, into))) this.#compare(page, into, expected);
  }

  #readNow(page: number): void {
    const into = new Uint8Array(PAGE_SIZE);
    if (this.#file.readNow(page, 0, into)) this.#compare(page, into, this.#pages.get(page)!);
  }

  async #write(page: number, offset: number, bytes: Uint8Array): Promise<void> {
    if (await this.#forgiving(() => this.#file.write(page, offset, bytes))) this.#patched(page, offset, bytes);
  }

  #writeNow(page: number, offset: number, bytes: Uint8Array): void {
    if (this.#file.writeNow(page, offset, bytes)) this.#patched(page, offset, bytes);
  }

  async #writeBeside(page: number): Promise<void> {
    const bytes = pageOf(this.prng.u32());
    if (await this.#forgiving(() => this.#beside.write(page, 0, bytes))) this.#besidePages.set(page, bytes);
  }

  #patched(page: number, offset: number, bytes: Uint8Array): void {
    const next = this.#pages.get(page)!.slice();
    next.set(bytes, offset);
    this.#pages.set(page, next);
  }

  #compare(page: number, got: Uint8Array, expected: Uint8Array): void {
    assert.equal(Buffer.compare(got, expected), 0, `page ${page} of the file is what was written last`);
  }

  async #forgiving(access: () => Promise<void>): Promise<boolean> {
    try {
      await access();
      return true;
    } catch (error) {
      if (!this.#mayFail() || !FORGIVEN.some((code) => TierError.is(error, code))) throw error;
      this.failures++;
      return false;
    }
  }

  #patch(): [number, Uint8Array] {
    if (this.prng.below(3) === 0) return [0, pageOf(this.prng.u32())];
    const length = this.prng.below(300);
    return [this.prng.below(PAGE_SIZE - length + 1), new Uint8Array(length).fill(this.prng.u32())];
  }
}
