import assert from "node:assert/strict";
import { RecordingRunner } from "@pagetier/base/testing";
import fc from "fast-check";
import { describe, test } from "vitest";
import {
  cleancacheConformance,
  keyOf,
  ReferenceCleancache,
  type ReferenceCleancacheOptions,
  type ReferencePage,
} from "../src/conformance/index.js";
import type { CleancacheGet } from "../src/index.js";

// Each canary keeps every rule but one. The test that names the rule must fail on it.

fc.configureGlobal({ seed: 1, endOnFailure: true }); // The model finds a fault in each run, or in none.

type Canary = new (options: ReferenceCleancacheOptions) => ReferenceCleancache;

class KeepsTheOlderPageWhenItFilters extends ReferenceCleancache {
  override putPage(pool: number, file: number, index: number, page: Uint8Array, wasActive: boolean): void {
    if (wasActive) super.putPage(pool, file, index, page, wasActive);
  }
}

class KeepsTheFirstOfTwo extends ReferenceCleancache {
  override putPage(pool: number, file: number, index: number, page: Uint8Array, wasActive: boolean): void {
    if (!this.pages.has(keyOf(pool, file, index))) super.putPage(pool, file, index, page, wasActive);
  }
}

class KeepsTheCallersBuffer extends ReferenceCleancache {
  override putPage(pool: number, file: number, index: number, page: Uint8Array, wasActive: boolean): void {
    super.putPage(pool, file, index, page, wasActive);
    this.pages.set(keyOf(pool, file, index), { pool, file, index, bytes: page, away: false });
  }
}

class FlipsABit extends ReferenceCleancache {
  protected override fill(page: ReferencePage, into: Uint8Array): void {
    super.fill(page, into);
    into[4095]! ^= 1;
  }
}

class KeepsWhatWasTaken extends ReferenceCleancache {
  protected override fill(page: ReferencePage, into: Uint8Array): void {
    into.set(page.bytes);
  }
}

class TakesFromSharedPools extends ReferenceCleancache {
  protected override fill(page: ReferencePage, into: Uint8Array): void {
    super.fill(page, into);
    this.pages.delete(keyOf(page.pool, page.file, page.index));
  }
}

class FindsDroppedPagesAgain extends ReferenceCleancache {
  readonly #dropped: ReferencePage[] = [];

  override reclaim(pages: number): void {
    this.#dropped.push(...[...this.pages.values()].slice(0, pages));
    super.reclaim(pages);
  }

  override getPage(pool: number, file: number, index: number, into: Uint8Array): CleancacheGet {
    const outcome = super.getPage(pool, file, index, into);
    for (const page of this.#dropped.splice(0)) this.pages.set(keyOf(page.pool, page.file, page.index), page);
    return outcome;
  }
}

class IgnoresInvalidatePage extends ReferenceCleancache {
  override invalidatePage(): void {}
}

class InvalidatesTheWholePool extends ReferenceCleancache {
  override invalidateInode(pool: number): void {
    for (const [key, page] of this.pages) if (page.pool === pool) this.pages.delete(key);
  }
}

class InvalidatesOneIndexOfAFile extends ReferenceCleancache {
  override invalidateInode(pool: number, file: number): void {
    this.invalidatePage(pool, file, 0);
  }
}

class TruncatesIndexes extends ReferenceCleancache {
  override putPage(pool: number, file: number, index: number, page: Uint8Array, wasActive: boolean): void {
    super.putPage(pool, file, index >>> 0, page, wasActive);
  }
}

class TruncatesFiles extends ReferenceCleancache {
  override putPage(pool: number, file: number, index: number, page: Uint8Array, wasActive: boolean): void {
    super.putPage(pool, file >>> 0, index, page, wasActive);
  }

  override getPage(pool: number, file: number, index: number, into: Uint8Array): CleancacheGet {
    return super.getPage(pool, file >>> 0, index, into);
  }
}

class KeepsPagesOfADeadPool extends ReferenceCleancache {
  override invalidateFs(pool: number): void {
    this.pools[pool] = undefined;
  }

  override verify(): void {}
}

class HasOnePoolForAll extends ReferenceCleancache {
  override initFs(): number {
    this.pools[0] = "";
    return 0;
  }
}

class RunsOutOfPools extends ReferenceCleancache {
  #pools = 0;

  override initFs(): number {
    return this.#pools++ < 8 ? super.initFs() : -1;
  }
}

class SharesByMistake extends ReferenceCleancache {
  override initSharedFs(): number {
    return super.initSharedFs("");
  }
}

class AnswersLateFetches extends ReferenceCleancache {
  override async fetch(pool: number, file: number, index: number, into: Uint8Array): Promise<"hit" | "miss"> {
    const page = this.pages.get(keyOf(pool, file, index));
    if (page === undefined) return "miss";
    await this.transfer();
    this.fill(page, into);
    return "hit";
  }
}

class CountsBelowZero extends ReferenceCleancache {
  override counters() {
    return { ...super.counters(), puts: -1 };
  }
}

class KeepsNothing extends ReferenceCleancache {
  override putPage(): void {}
}

class TouchesTheBufferOnAMiss extends ReferenceCleancache {
  override getPage(pool: number, file: number, index: number, into: Uint8Array): CleancacheGet {
    const outcome = super.getPage(pool, file, index, into);
    if (outcome === "miss") into.fill(0);
    return outcome;
  }
}

const canaries: readonly (readonly [Canary, ReferenceCleancacheOptions, string])[] = [
  [KeepsTheOlderPageWhenItFilters, {}, "10.1-g a put that is not kept drops the older copy"],
  [KeepsTheOlderPageWhenItFilters, {}, "never stale"],
  [KeepsTheFirstOfTwo, {}, "10.1-h put, put, get"],
  [KeepsTheCallersBuffer, {}, "gives back what was put"],
  [FlipsABit, {}, "gives back what was put"],
  [TouchesTheBufferOnAMiss, {}, "misses what was never put"],
  [KeepsNothing, {}, "gives back what was put"],
  [KeepsWhatWasTaken, {}, "a get takes the page out of a private pool"],
  [KeepsWhatWasTaken, {}, "never stale"],
  [TakesFromSharedPools, {}, "a get leaves the page in a shared pool"],
  [FindsDroppedPagesAgain, {}, "10.1-h get, get"],
  [FindsDroppedPagesAgain, {}, "never stale"],
  [IgnoresInvalidatePage, {}, "10.1-h put, invalidate, get"],
  [InvalidatesTheWholePool, {}, "put, invalidate the file, get"],
  [InvalidatesOneIndexOfAFile, {}, "put, invalidate the file, get"],
  [TruncatesIndexes, {}, "10.1-k an index beyond 32 bits"],
  [TruncatesFiles, {}, "keeps the edges of the key apart"],
  [KeepsPagesOfADeadPool, {}, "10.1-j a pool id that is used again starts empty"],
  [HasOnePoolForAll, {}, "live pools have different ids"],
  [RunsOutOfPools, {}, "10.1-j a pool id that is used again starts empty"],
  [SharesByMistake, {}, "a shared pool is one for all who name its uuid"],
  [AnswersLateFetches, { remote: true }, "a fetch misses when its page was invalidated meanwhile"],
  [AnswersLateFetches, { remote: true }, "a fetch never gives bytes older than a put meanwhile"],
  [CountsBelowZero, {}, "gives back what was put"],
];

describe("the cleancache kit", () => {
  for (const [Backend, options, name] of canaries) {
    test(`finds that a backend ${Backend.name}: ${name}`, async () => {
      const runner = new RecordingRunner();
      cleancacheConformance(runner, () => {
        const backend = new Backend(options);
        return { backend, reclaim: (pages) => backend.reclaim(pages) };
      });
      assert.equal((await runner.failures(name)).length, 1, "the test that names the fault fails");
    });
  }
});
