import assert from "node:assert/strict";
import type { Cleancache, CleancacheGet } from "../cleancache.js";
import { makePage, untouchedPage } from "./pages.js";

/** A backend under test, and what a kit cannot do through the contract. */
export interface CleancacheCandidate {
  readonly backend: Cleancache;
  /** Asks the backend to let go of up to `pages` pages now, as memory pressure would. Leave it out when it never does. */
  reclaim?(pages: number): void | Promise<void>;
  /** The backend keeps nothing, ever. Otherwise a page put into an empty backend must be there. */
  readonly keepsNothing?: boolean;
}

/** Makes a fresh backend for one test, with room for at least 8 pages and 4 pools. */
export type CleancacheFactory = () => CleancacheCandidate;

/** One backend with one private pool, checked after each step. */
export class Subject {
  readonly candidate: CleancacheCandidate;
  readonly backend: Cleancache;
  readonly pool: number;

  constructor(factory: CleancacheFactory) {
    this.candidate = factory();
    this.backend = this.candidate.backend;
    this.pool = this.mount();
  }

  mount(): number {
    const pool = this.backend.initFs();
    assert.ok(Number.isInteger(pool) && pool >= 0, "a backend with room for pools gives an id of 0 or more");
    this.check();
    return pool;
  }

  put(file: number, index: number, seed: number, { pool = this.pool, wasActive = true } = {}): void {
    const page = makePage(seed);
    this.backend.putPage(pool, file, index, page, wasActive);
    page.fill(0xee); // The backend has copied what it wants.
    this.check();
  }

  /** Gets, and fetches what is remote. `page` is what the buffer holds afterwards. */
  async get(file: number, index: number, pool = this.pool): Promise<{ outcome: "hit" | "miss"; page: Uint8Array }> {
    const page = untouchedPage();
    let outcome: CleancacheGet = this.backend.getPage(pool, file, index, page);
    if (outcome === "remote") outcome = await this.backend.fetch(pool, file, index, page);
    assert.ok(outcome === "hit" || outcome === "miss", "a get has a known outcome");
    if (outcome === "miss")
      assert.ok(Buffer.compare(page, untouchedPage()) === 0, "a miss leaves the buffer as it was");
    this.check();
    return { outcome, page };
  }

  /** The page is there, with these bytes, or (where that is allowed) not. @returns whether it was there */
  async expectPageOrMiss(file: number, index: number, seed: number, pool = this.pool): Promise<boolean> {
    const { outcome, page } = await this.get(file, index, pool);
    if (outcome === "hit") assert.ok(Buffer.compare(page, makePage(seed)) === 0, "a get gives the bytes last put");
    return outcome === "hit";
  }

  /** As {@link expectPageOrMiss}, but a backend that keeps pages at all has this one. */
  async expectPage(file: number, index: number, seed: number, pool = this.pool): Promise<void> {
    const there = await this.expectPageOrMiss(file, index, seed, pool);
    assert.ok(there || this.candidate.keepsNothing, "a backend with room keeps an active page");
  }

  async expectMiss(file: number, index: number, claim: string, pool = this.pool): Promise<void> {
    assert.equal((await this.get(file, index, pool)).outcome, "miss", claim);
  }

  async reclaim(pages: number): Promise<void> {
    await this.candidate.reclaim?.(pages);
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
    this.check();
  }

  check(): void {
    this.backend.verify();
    for (const [name, value] of Object.entries(this.backend.counters())) {
      assert.ok(Number.isFinite(value) && value >= 0, `counter ${name} is a number of 0 or more, got ${value}`);
    }
    const { backend } = this;
    const levels = [backend.currPages(), backend.poolFrames(), backend.contentBytes()];
    for (const level of [...levels, backend.metadataBytes(), backend.addressingBytes()]) {
      assert.ok(Number.isInteger(level) && level >= 0, "pages, frames and bytes are counts of 0 or more");
    }
    if (levels[0] === 0) assert.deepEqual(levels, [0, 0, 0], "a backend without pages holds no frame for them");
  }

  async end(): Promise<void> {
    await this.backend.close();
    this.backend.verify();
  }
}
