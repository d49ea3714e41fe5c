import assert from "node:assert/strict";
import { PAGE_SIZE } from "@pagetier/base";
import { RecordingRunner } from "@pagetier/base/testing";
import fc from "fast-check";
import { describe, test } from "vitest";
import {
  frontswapConformance,
  type ReferenceEntry,
  ReferenceFrontswap,
  type ReferenceFrontswapOptions,
} from "../src/conformance/index.js";
import type { FrontswapCopy, FrontswapLoad, StoreOutcome, SwapWriteback, WritebackOutcome } from "../src/index.js";

// Each canary keeps every rule but one. The test that names the rule must fail on it.

fc.configureGlobal({ seed: 1, endOnFailure: true }); // The model finds a fault in each run, or in none.

type Canary = new (options: ReferenceFrontswapOptions, writeback: SwapWriteback) => ReferenceFrontswap;

const key = (type: number, offset: number) => `${type}:${offset}`;

class KeepsOlderCopyWhenItRefuses extends ReferenceFrontswap {
  override store(type: number, offset: number, page: Uint8Array, copy: FrontswapCopy): StoreOutcome {
    const older = this.entries.get(key(type, offset));
    const outcome = super.store(type, offset, page, copy);
    if (outcome === "refused" && older !== undefined) this.entries.set(key(type, offset), older);
    return outcome;
  }

  override verify(): void {} // It holds more than it should.
}

class LendsTheCallersBuffer extends ReferenceFrontswap {
  override store(type: number, offset: number, page: Uint8Array, copy: FrontswapCopy): StoreOutcome {
    const outcome = super.store(type, offset, page, copy);
    const entry = this.entries.get(key(type, offset));
    if (entry !== undefined) this.entries.set(key(type, offset), { ...entry, bytes: page });
    return outcome;
  }

  override verify(): void {}
}

class FlipsABit extends ReferenceFrontswap {
  protected override fill(entry: ReferenceEntry, into: Uint8Array): "hit" | "hitExclusive" {
    const outcome = super.fill(entry, into);
    into[PAGE_SIZE - 1]! ^= 1;
    return outcome;
  }
}

class TruncatesOffsets extends ReferenceFrontswap {
  override store(type: number, offset: number, page: Uint8Array, copy: FrontswapCopy): StoreOutcome {
    return super.store(type, offset & 0xff, page, copy);
  }

  override load(type: number, offset: number, into: Uint8Array): FrontswapLoad {
    return super.load(type, offset & 0xff, into);
  }
}

class KeepsTheFirstOfTwo extends ReferenceFrontswap {
  override store(type: number, offset: number, page: Uint8Array, copy: FrontswapCopy): StoreOutcome {
    return this.entries.has(key(type, offset)) ? "stored" : super.store(type, offset, page, copy);
  }
}

class ForgetsAfterAHit extends ReferenceFrontswap {
  protected override fill(entry: ReferenceEntry, into: Uint8Array): "hit" | "hitExclusive" {
    const outcome = super.fill(entry, into);
    this.entries.delete(key(entry.type, entry.offset));
    return outcome;
  }
}

class KeepsAfterAnExclusiveHit extends ReferenceFrontswap {
  protected override fill(entry: ReferenceEntry, into: Uint8Array): "hit" | "hitExclusive" {
    super.fill(entry, into);
    return "hitExclusive";
  }
}

class IgnoresInvalidate extends ReferenceFrontswap {
  override invalidatePage(): void {}
}

class InvalidatesEveryArea extends ReferenceFrontswap {
  override invalidateArea(type: number): void {
    super.invalidateArea(type);
    this.entries.clear();
  }
}

class AnswersMissForLost extends ReferenceFrontswap {
  override load(type: number, offset: number, into: Uint8Array): FrontswapLoad {
    return this.entries.get(key(type, offset))?.damaged ? "miss" : super.load(type, offset, into);
  }
}

class WritesDamagedPagesBack extends ReferenceFrontswap {
  protected override writeBack(entry: ReferenceEntry): boolean {
    entry.damaged = false;
    return super.writeBack(entry);
  }
}

class TouchesTheBufferOnAMiss extends ReferenceFrontswap {
  override load(type: number, offset: number, into: Uint8Array): FrontswapLoad {
    const outcome = super.load(type, offset, into);
    if (outcome === "miss") into.fill(0);
    return outcome;
  }
}

class DropsOnlyCopies extends ReferenceFrontswap {
  protected override makeRoom(length: number): boolean {
    for (const entry of this.entries.values()) entry.clean = true;
    return super.makeRoom(length);
  }
}

class StaysClean extends ReferenceFrontswap {
  override store(type: number, offset: number, page: Uint8Array, copy: FrontswapCopy): StoreOutcome {
    const older = this.entries.get(key(type, offset));
    return super.store(type, offset, page, older?.clean ? "clean" : copy);
  }
}

class FindsDroppedPagesAgain extends ReferenceFrontswap {
  readonly #seen = new Map<string, ReferenceEntry>();

  override store(type: number, offset: number, page: Uint8Array, copy: FrontswapCopy): StoreOutcome {
    const outcome = super.store(type, offset, page, copy);
    const entry = this.entries.get(key(type, offset));
    if (entry?.clean) this.#seen.set(key(type, offset), entry);
    return outcome;
  }

  override load(type: number, offset: number, into: Uint8Array): FrontswapLoad {
    const seen = this.#seen.get(key(type, offset));
    if (seen !== undefined && this.entries.size === 0) this.entries.set(key(type, offset), seen);
    return super.load(type, offset, into);
  }
}

class WritesCleanPagesBack extends ReferenceFrontswap {
  override reclaim(pages: number): void {
    for (const entry of [...this.entries.values()].slice(0, pages)) if (!entry.writing) this.writeBack(entry);
  }
}

class FreesWhenItSubmits extends ReferenceFrontswap {
  protected override writeBack(entry: ReferenceEntry): boolean {
    const more = super.writeBack(entry);
    if (entry.writing) this.entries.delete(key(entry.type, entry.offset));
    return more;
  }
}

/** Those below differ in one step of a write-back each. */
class OwnWriteBack extends ReferenceFrontswap {
  protected override writeBack(entry: ReferenceEntry): boolean {
    const claim = this.writeback.claim(entry.type, entry.offset);
    if (claim === "exists") return this.whenExists(entry);
    if (claim === "noMemory") return this.whenNoMemory(entry);
    if (entry.damaged || !this.recheck(entry)) {
      if (this.releases()) this.writeback.release(claim);
      return true;
    }
    this.fillClaim(entry, claim.page);
    entry.writing = true;
    this.writeback.submit(claim, (outcome) => {
      entry.writing = false;
      return this.whenSettled(entry, outcome);
    });
    return true;
  }

  protected fillClaim(entry: ReferenceEntry, page: Uint8Array): void {
    page.fill(0);
    page.set(entry.bytes);
  }

  protected whenExists(_entry: ReferenceEntry): boolean {
    return true;
  }

  protected whenNoMemory(_entry: ReferenceEntry): boolean {
    return false;
  }

  protected recheck(entry: ReferenceEntry): boolean {
    return this.isCurrent(entry);
  }

  protected releases(): boolean {
    return true;
  }

  protected whenSettled(entry: ReferenceEntry, outcome: WritebackOutcome): boolean {
    if (outcome === "failed" || !this.isCurrent(entry)) return false;
    return this.entries.delete(key(entry.type, entry.offset));
  }
}

class LeavesTheEndOfTheClaimUntouched extends OwnWriteBack {
  protected override fillClaim(entry: ReferenceEntry, page: Uint8Array): void {
    page.set(entry.bytes.subarray(0, PAGE_SIZE - 1));
  }
}

class FreesWhenTheWriteFailed extends OwnWriteBack {
  protected override whenSettled(entry: ReferenceEntry): boolean {
    return this.entries.delete(key(entry.type, entry.offset));
  }
}

class GivesUpWhatIsGone extends OwnWriteBack {
  protected override whenSettled(entry: ReferenceEntry, outcome: WritebackOutcome): boolean {
    super.whenSettled(entry, outcome);
    return outcome === "written";
  }
}

class LooksForPresenceWhenSettled extends OwnWriteBack {
  protected override whenSettled(entry: ReferenceEntry, outcome: WritebackOutcome): boolean {
    return outcome === "written" && this.entries.delete(key(entry.type, entry.offset));
  }
}

class DoesNotLookAgainAfterTheClaim extends OwnWriteBack {
  protected override recheck(): boolean {
    return true;
  }
}

class KeepsTheClaim extends OwnWriteBack {
  protected override releases(): boolean {
    return false;
  }
}

class DropsWhatIsInMemory extends OwnWriteBack {
  protected override whenExists(entry: ReferenceEntry): boolean {
    return this.entries.delete(key(entry.type, entry.offset));
  }
}

class DropsWithoutMemory extends OwnWriteBack {
  protected override whenNoMemory(entry: ReferenceEntry): boolean {
    return this.entries.delete(key(entry.type, entry.offset));
  }
}

class AnswersLateFetches extends ReferenceFrontswap {
  override async fetch(type: number, offset: number, into: Uint8Array): Promise<"hit" | "hitExclusive" | "miss"> {
    const entry = this.entries.get(key(type, offset));
    if (entry === undefined) return "miss";
    await this.transfer();
    return this.fill(entry, into);
  }
}

class SaysRemotePagesAreHere extends ReferenceFrontswap {
  override storedBytes(type: number, offset: number): number {
    return this.entries.get(key(type, offset))?.bytes.length ?? -1;
  }
}

class DoesNotWaitWhenClosing extends ReferenceFrontswap {
  override async close(): Promise<void> {
    this.closed = true;
  }
}

class TakesPagesWhenClosed extends ReferenceFrontswap {
  override close(): Promise<void> {
    return this.writeback.flush();
  }
}

class NeverRefuses extends ReferenceFrontswap {
  constructor(_options: ReferenceFrontswapOptions, writeback: SwapWriteback) {
    super({ capacityBytes: Number.POSITIVE_INFINITY }, writeback);
  }
}

class CountsBelowZero extends ReferenceFrontswap {
  override counters() {
    return { ...super.counters(), storedPages: -1 };
  }
}

class CountsDuplicatesTwice extends ReferenceFrontswap {
  #stored = 0;

  override store(type: number, offset: number, page: Uint8Array, copy: FrontswapCopy): StoreOutcome {
    const outcome = super.store(type, offset, page, copy);
    if (outcome === "stored") this.#stored++;
    return outcome;
  }

  override currPages(): number {
    return this.#stored;
  }
}

const canaries: readonly (readonly [Canary, ReferenceFrontswapOptions, string])[] = [
  [KeepsOlderCopyWhenItRefuses, {}, "10.1-a a refused store leaves no older copy, with a full pool"],
  [KeepsOlderCopyWhenItRefuses, {}, "10.1-a a refused store leaves no older copy, with a closed backend"],
  [KeepsOlderCopyWhenItRefuses, {}, "nothing accepted is lost or stale"],
  [LendsTheCallersBuffer, {}, "keeps its own copy of the bytes"],
  [FlipsABit, {}, "gives back a page that is incompressible"],
  [FlipsABit, {}, "gives back a page that is zero"],
  [TruncatesOffsets, {}, "keeps slots and areas apart"],
  [KeepsTheFirstOfTwo, {}, "a second store of a slot replaces the first"],
  [CountsDuplicatesTwice, {}, "a second store of a slot replaces the first"],
  [ForgetsAfterAHit, {}, "after a hit the copy is there"],
  [KeepsAfterAnExclusiveHit, {}, "after an exclusive hit it is gone"],
  [IgnoresInvalidate, {}, "a page that was invalidated misses"],
  [InvalidatesEveryArea, {}, "invalidating an area drops its pages and no others"],
  [AnswersMissForLost, {}, "10.1-c a damaged page is FRONTSWAP_LOST"],
  [WritesDamagedPagesBack, {}, "10.2-d a damaged page is not written back"],
  [TouchesTheBufferOnAMiss, {}, "a load of a slot never stored misses"],
  [DropsOnlyCopies, {}, "an only copy stays when clean ones need room"],
  [DropsOnlyCopies, {}, "nothing accepted is lost or stale"],
  [StaysClean, {}, "a store of an only copy over a clean one makes it an only copy"],
  [FindsDroppedPagesAgain, {}, "a clean copy that was dropped stays away"],
  [WritesCleanPagesBack, {}, "a clean copy needs no write-back"],
  [FreesWhenItSubmits, {}, "the page stays loadable until the write is durable"],
  [FreesWhenItSubmits, {}, "nothing accepted is lost or stale"],
  [LeavesTheEndOfTheClaimUntouched, {}, "submits the bytes that were stored"],
  [FreesWhenTheWriteFailed, {}, "a write that failed leaves the page where it was"],
  [GivesUpWhatIsGone, {}, "10.2-b a page that was invalidated while it was written"],
  [LooksForPresenceWhenSettled, {}, "10.2-a a slot that was freed and used again during the write"],
  [DoesNotLookAgainAfterTheClaim, {}, "10.2-a a slot that was freed and used again before the lock"],
  [DoesNotLookAgainAfterTheClaim, {}, "10.2-a a slot that was freed before the lock"],
  [DoesNotLookAgainAfterTheClaim, {}, "nothing accepted is lost or stale"],
  [KeepsTheClaim, {}, "10.2-a a slot that was freed before the lock"],
  [DropsWhatIsInMemory, {}, "10.2-c a page that is in memory is left alone"],
  [DropsWithoutMemory, {}, "10.2-k without memory"],
  [AnswersLateFetches, { remote: true }, "a fetch misses when the slot was invalidated meanwhile"],
  [AnswersLateFetches, { remote: true }, "a late answer does not touch what was stored meanwhile"],
  [SaysRemotePagesAreHere, { remote: true }, "a remote page lies nowhere in this machine's memory"],
  [DoesNotWaitWhenClosing, {}, "close waits for what was submitted"],
  [TakesPagesWhenClosed, {}, "a closed backend refuses stores"],
  [NeverRefuses, {}, "refuses when it is full"],
  [CountsBelowZero, {}, "gives back a page that is zero"],
];

describe("the frontswap kit", () => {
  for (const [Backend, options, name] of canaries) {
    test(`finds that a backend ${Backend.name}: ${name}`, async () => {
      const runner = new RecordingRunner();
      frontswapConformance(runner, (writeback) => {
        const backend = new Backend(options, writeback);
        return {
          backend,
          reclaim: (pages) => backend.reclaim(pages),
          corrupt: (type, offset) => backend.corrupt(type, offset),
        };
      });
      assert.equal((await runner.failures(name)).length, 1, "the test that names the fault fails");
    });
  }

  test("accepts a backend without hooks", async () => {
    const runner = new RecordingRunner();
    frontswapConformance(runner, (writeback) => ({ backend: new ReferenceFrontswap({}, writeback) }));
    assert.deepEqual(await runner.failures(), []);
  });
});
