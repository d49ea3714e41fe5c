// A stack against the most obvious program: a map of pages.
//
// Several callers run at once, each doing random accesses and waiting for them, on pages that they share. When all of
// them rest, each page's history is settled: what was read must be explained by what was written (page-history.ts).
// With everything else at rest too, every identity of every part is checked.

import { assert, PAGE_SIZE, type Prng, type Scheduler, TierError } from "@pagetier/base";
import type { Advice, AnonSpace, FileSpace } from "@pagetier/mm";
import type { Stack } from "../stack.js";
import { type Access, PageHistory, ZEROES } from "./page-history.js";

/** Errors that an access may end in while a store fails or is full; it was not done then. */
const FORGIVEN = ["STORE_IO", "STORE_NO_SPACE", "MM_OUT_OF_MEMORY"];

/** Advice that changes nothing of what pages read as; of files also the last one. */
const ADVICE: readonly Advice[] = ["normal", "sequential", "random", "willneed", "cold", "pageout", "dontneed"];
const HARMLESS: readonly Advice[] = ADVICE.slice(0, -1);

/** Longest that a caller rests between accesses, in nanoseconds. */
const REST_NS_MAX = 300_000;

interface Modelled {
  readonly name: string;
  readonly space: AnonSpace | FileSpace;
  readonly isFile: boolean;
  readonly histories: Map<number, PageHistory>;
}

export class StackModel {
  /** Accesses that ended in a forgiven error. */
  forgiven = 0;
  /** Accesses that were done. */
  accesses = 0;
  /** Whether a store may fail, or be full, at the moment. */
  mayFail = false;
  readonly #stack: Stack;
  readonly #scheduler: Scheduler;
  readonly #prng: Prng;
  readonly #modelled: Modelled[] = [];

  constructor(stack: Stack, scheduler: Scheduler, prng: Prng) {
    this.#stack = stack;
    this.#scheduler = scheduler;
    this.#prng = prng;
  }

  /** Takes a space in, whose pages are zeroes, or a file, whose pages are `content`. */
  add(space: AnonSpace | FileSpace, content?: (page: number) => Uint8Array): void {
    const isFile = content !== undefined;
    const histories = new Map<number, PageHistory>();
    if (isFile) for (let page = 0; page < space.pages; page++) histories.set(page, new PageHistory(content(page)));
    this.#modelled.push({ name: space.name, space, isFile, histories });
  }

  /** Writes every page of every anonymous space once, so that memory is short. */
  async fill(): Promise<void> {
    for (const each of this.#modelled) {
      if (each.isFile) continue;
      for (let page = 0; page < each.space.pages; page++) await this.#write(each, page, 0, this.#content());
    }
    this.settle();
  }

  /** So many callers, so many accesses each, then a look at everything. */
  async round(callers: number, accesses: number): Promise<void> {
    const running: Promise<void>[] = [];
    for (let caller = 0; caller < callers; caller++) running.push(this.#caller(accesses));
    await Promise.all(running);
    this.settle();
  }

  /** Every page is what it should be, by reading it. */
  async check(): Promise<void> {
    for (const each of this.#modelled) {
      for (let page = 0; page < each.space.pages; page++) await this.#read(each, page, 0, PAGE_SIZE);
    }
    this.settle();
  }

  /** Nothing is under way: checks what was read, and every identity. */
  settle(): void {
    for (const { name, histories } of this.#modelled) {
      for (const [page, history] of histories) {
        if (history.settle().length > 0) continue;
        throw new TierError("MODEL_MISMATCH", `page ${page} of ${name} was read as something that it was not.`, {
          name,
          page,
        });
      }
    }
    this.#stack.verify();
    const { memory, counters } = this.#stack.stats();
    assert(memory.peakBytes <= memory.budgetBytes, "what is charged never exceeds the budget");
    const { pagesScanned, pagesStolen, pagesKept } = counters.mm!;
    assert(pagesScanned === pagesStolen! + pagesKept!, "a page that is scanned leaves or stays");
  }

  /** Whether a page of a file may hold this; call it after {@link settle}. */
  isContent(file: FileSpace, page: number, bytes: Uint8Array): boolean {
    const contents = this.#modelled
      .find(({ space }) => space === file)
      ?.histories.get(page)
      ?.settle() ?? [ZEROES];
    return contents.some((content) => Buffer.compare(content, bytes) === 0);
  }

  async #caller(accesses: number): Promise<void> {
    for (let count = 0; count < accesses; count++) {
      if (this.#prng.below(4) === 0) await this.#scheduler.sleep(this.#prng.below(REST_NS_MAX));
      // Several accesses at once sometimes, as a server has them.
      const burst = this.#prng.below(8) === 0 ? 6 : 1;
      const running: Promise<void>[] = [];
      for (let one = 0; one < burst; one++) running.push(this.#step());
      await Promise.all(running);
    }
  }

  async #step(): Promise<void> {
    const each = this.#modelled[this.#prng.below(this.#modelled.length)]!;
    const page = this.#page(each);
    // A file's writers may be overtaken while they are throttled, so only one access of a page is under way.
    if (each.isFile && this.#history(each, page).isBusy) return;
    const kind = this.#prng.below(100);
    if (kind < 28) await this.#read(each, page, ...this.#range());
    else if (kind < 52) await this.#write(each, page, ...this.#patch());
    else if (kind < 70) this.#readNow(each, page);
    else if (kind < 86) this.#writeNow(each, page, ...this.#patch());
    else if (kind < 91) await this.#advise(each, page);
    else if (kind < 98) await this.#ofItsKind(each, page);
    else await this.#forgiving(() => this.#stack.shrink(this.#prng.below(64) * PAGE_SIZE));
  }

  /** What only spaces, or only files, can do. */
  async #ofItsKind({ space, histories }: Modelled, page: number): Promise<void> {
    if ("fsync" in space) {
      if (this.#prng.below(10) === 0) await this.#forgiving(() => space.fsync());
      return;
    }
    const count = 1 + this.#prng.below(Math.min(4, space.pages - page));
    space.discard(page, count);
    for (let index = page; index < page + count; index++) histories.get(index)?.discard();
  }

  /** Says how pages are used; now and then, that they are of no more use. */
  async #advise({ space, isFile, histories }: Modelled, page: number): Promise<void> {
    const count = 1 + this.#prng.below(Math.min(24, space.pages - page));
    const known = isFile ? ADVICE : HARMLESS;
    const kind = this.#prng.below(known.length + (isFile ? 0 : 1));
    const advice = known[kind] ?? "free";
    // At once, as far as it changes what pages read as.
    const advised = space.advise(page, count, advice);
    if (advice === "free") for (let index = page; index < page + count; index++) histories.get(index)?.discard(true);
    await advised;
  }

  async #read(each: Modelled, page: number, offset: number, length: number): Promise<void> {
    const into = new Uint8Array(length);
    const access = this.#history(each, page).read(offset, into);
    access.done = await this.#forgiving(() => each.space.read(page, offset, into));
  }

  async #write(each: Modelled, page: number, offset: number, bytes: Uint8Array): Promise<void> {
    const access = this.#history(each, page).write(offset, bytes);
    access.done = await this.#forgiving(() => each.space.write(page, offset, bytes));
  }

  #readNow(each: Modelled, page: number): void {
    const into = new Uint8Array(PAGE_SIZE);
    this.#now(this.#history(each, page).read(0, into), () => each.space.readNow(page, 0, into));
  }

  #writeNow(each: Modelled, page: number, offset: number, bytes: Uint8Array): void {
    this.#now(this.#history(each, page).write(offset, bytes), () => each.space.writeNow(page, offset, bytes));
  }

  #now(access: Access, act: () => boolean): void {
    try {
      access.done = act();
      if (access.done) this.accesses++;
    } catch (error) {
      access.done = false;
      this.#forgive(error);
    }
  }

  async #forgiving(act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act();
      this.accesses++;
      return true;
    } catch (error) {
      this.#forgive(error);
      return false;
    }
  }

  #forgive(error: unknown): void {
    if (!this.mayFail || !FORGIVEN.some((code) => TierError.is(error, code))) throw error;
    this.forgiven++;
  }

  #history({ histories }: Modelled, page: number): PageHistory {
    let history = histories.get(page);
    if (history === undefined) {
      history = new PageHistory();
      histories.set(page, history);
    }
    return history;
  }

  /** Some pages are wanted more often than others, and some are neighbours. */
  #page({ space }: Modelled): number {
    const kind = this.#prng.below(4);
    if (kind === 0) return this.#prng.below(Math.min(16, space.pages));
    if (kind === 1) return this.#prng.below(Math.ceil(space.pages / 4));
    return this.#prng.below(space.pages);
  }

  /** A page of content: one repeated word, compressible, hardly so, or noise. */
  #content(): Uint8Array {
    const page = new Uint8Array(PAGE_SIZE);
    const words = new Uint32Array(page.buffer);
    const kind = this.#prng.below(6);
    const seed = this.#prng.u32();
    if (kind === 0) words.fill(seed);
    else if (kind === 1) for (let index = 0; index < words.length; index++) words[index] = this.#prng.u32();
    else for (let index = 0; index < words.length; index += 1 << kind) words[index] = seed ^ (index * 0x9e3779b1);
    return page;
  }

  /** Whole pages, a few bytes, and anything between. */
  #range(): [offset: number, length: number] {
    const length = [PAGE_SIZE, this.#prng.below(16), this.#prng.below(PAGE_SIZE)][this.#prng.below(3)]!;
    return [this.#prng.below(PAGE_SIZE - length + 1), length];
  }

  #patch(): [offset: number, bytes: Uint8Array] {
    const [offset, length] = this.#range();
    return [offset, this.#content().subarray(0, length)];
  }
}
