import assert from "node:assert/strict";
import { PAGE_SIZE } from "@pagetier/base";
import type { Frontswap, FrontswapCopy, FrontswapLoad, StoreOutcome } from "../frontswap.js";
import type { SwapWriteback } from "../swap-writeback.js";
import { FakeSwapWriteback } from "./fake-swap-writeback.js";
import { makePage, untouchedPage } from "./pages.js";

/** A backend under test, and what a kit cannot do through the contract. */
export interface FrontswapCandidate {
  readonly backend: Frontswap;
  /**
   * Asks the backend to move up to `pages` pages out of its pool now, as memory pressure would. May resolve once the
   * write-backs are submitted. Leave it out when the backend never does.
   */
  reclaim?(pages: number): void | Promise<void>;
  /** Damages a stored page so that it cannot be given back. Leave it out when nothing stored can be damaged. */
  corrupt?(type: number, offset: number): void;
}

/**
 * Makes a fresh backend for one test. Make it small: a pool that refuses within 4096 incompressible pages, and has room
 * for at least 8.
 */
export type FrontswapFactory = (writeback: SwapWriteback) => FrontswapCandidate;

/** More pages than a backend in a test has room for. */
export const FILL_PAGES_MAX = 4096;

/** One backend with area 0 on, checked after each step. */
export class Subject {
  readonly writeback: FakeSwapWriteback;
  readonly candidate: FrontswapCandidate;
  readonly backend: Frontswap;

  constructor(factory: FrontswapFactory, writeback = new FakeSwapWriteback()) {
    this.writeback = writeback;
    this.candidate = factory(writeback);
    this.backend = this.candidate.backend;
    this.backend.init(0);
    this.check();
  }

  store(type: number, offset: number, page: Uint8Array, copy: FrontswapCopy = "only"): StoreOutcome {
    const outcome = this.backend.store(type, offset, page, copy);
    assert.ok(outcome === "stored" || outcome === "refused", "a store answers stored or refused");
    this.check();
    return outcome;
  }

  /** Stores a page that a backend with room must take for the test to mean anything. */
  mustStore(type: number, offset: number, page: Uint8Array, copy: FrontswapCopy = "only"): void {
    assert.equal(this.store(type, offset, page, copy), "stored", "a small backend that is nearly empty takes a page");
  }

  /** Loads, and fetches what is remote. `page` is what the buffer holds afterwards. */
  async load(type: number, offset: number): Promise<{ outcome: Exclude<FrontswapLoad, "remote">; page: Uint8Array }> {
    const page = untouchedPage();
    let outcome = this.backend.load(type, offset, page);
    if (outcome === "remote") outcome = await this.backend.fetch(type, offset, page);
    assert.ok(outcome === "hit" || outcome === "hitExclusive" || outcome === "miss", "a load has a known outcome");
    this.check();
    return { outcome, page };
  }

  /** @returns whether the copy was taken out */
  async expectPage(type: number, offset: number, page: Uint8Array): Promise<boolean> {
    const loaded = await this.load(type, offset);
    assert.notEqual(loaded.outcome, "miss", "a stored page is loadable");
    assert.ok(sameBytes(loaded.page, page), "a load gives back the bytes last stored");
    return loaded.outcome === "hitExclusive";
  }

  async expectMiss(type: number, offset: number, claim: string): Promise<void> {
    const { outcome, page } = await this.load(type, offset);
    assert.equal(outcome, "miss", claim);
    assert.ok(sameBytes(page, untouchedPage()), "a miss leaves the buffer as it was");
    assert.equal(this.backend.storedBytes(type, offset), -1, "a page that misses lies nowhere");
  }

  /** Stores incompressible pages at slots from `first` until one is refused. @returns how many were stored */
  fill(type: number, first: number, copy: FrontswapCopy = "only"): number {
    for (let stored = 0; stored < FILL_PAGES_MAX; stored++) {
      if (this.backend.store(type, first + stored, makePage("incompressible", first + stored), copy) === "stored")
        continue;
      this.check();
      return stored;
    }
    this.check();
    return FILL_PAGES_MAX;
  }

  /** Asks for reclaim, if there is such a thing, and lets background work have its turns. */
  async reclaim(pages: number): Promise<void> {
    await this.candidate.reclaim?.(pages);
    await this.turns();
    this.check();
  }

  /** Lets background work have its turns. */
  async turns(): Promise<void> {
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  check(): void {
    const { backend } = this;
    backend.verify();
    for (const [name, value] of Object.entries(backend.counters())) {
      assert.ok(Number.isFinite(value) && value >= 0, `counter ${name} is a number of 0 or more, got ${value}`);
    }
    for (const level of [backend.currPages(), backend.poolFrames(), backend.metadataBytes()]) {
      assert.ok(Number.isInteger(level) && level >= 0, "pages, frames and metadata bytes are counts of 0 or more");
    }
    assert.ok(this.writeback.outstanding >= this.writeback.inFlight, "what is in flight was claimed");
  }

  /** Ends a test: closes, and looks that no claim was kept. */
  async end(): Promise<void> {
    this.writeback.resume();
    await this.backend.close();
    assert.equal(this.writeback.inFlight, 0, "close waits for what was submitted");
    assert.equal(this.writeback.outstanding, 0, "every claim is released or submitted");
    this.check();
  }
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  assert.equal(a.length, PAGE_SIZE, "a page is PAGE_SIZE bytes");
  return Buffer.compare(a, b) === 0;
}
