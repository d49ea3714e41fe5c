import assert from "node:assert/strict";
import { PAGE_SIZE } from "@pagetier/base";
import type { TestRunner } from "@pagetier/base/testing";
import type { SwapClaim, SwapWriteback, WritebackOutcome } from "../swap-writeback.js";
import { makePage } from "./pages.js";
import { sameBytes } from "./subject.js";

/** A slot whose page was swapped out and lies in a frontswap backend only. */
export interface SwappedOutSlot {
  readonly type: number;
  readonly offset: number;
}

/** An implementation of write-back under test, and what a kit needs of the MM around it. */
export interface SwapWritebackCandidate {
  readonly writeback: SwapWriteback;
  /** Swaps out one more page, into a backend that keeps it. */
  swapOut(): SwappedOutSlot;
  /** Whether MM, asked for the slot's page now, would read the device and not the backend. */
  trustsDevice(slot: SwappedOutSlot): boolean;
  /** What the device holds at the slot. */
  readDevice(slot: SwappedOutSlot): Promise<Uint8Array>;
  /** The page's owner gave it up: the slot is freed. */
  free(slot: SwappedOutSlot): void;
  /** The next writes to the device fail. */
  failNext(writes: number): void;
  /** Brings the slot's page into memory; a claim of it answers `"exists"`. */
  bringIn(slot: SwappedOutSlot): Promise<void>;
  /** Ends the test. */
  close(): Promise<void>;
}

/** More slots than can be claimed at once. */
const CLAIMS_MAX = 4096;

/** What an implementation of {@link SwapWriteback} must do. */
export function swapWritebackConformance(
  { describe, test }: TestRunner,
  factory: () => SwapWritebackCandidate | Promise<SwapWritebackCandidate>,
): void {
  describe("swap write-back", () => {
    test("a claim names its slot and lends a page", async () => {
      const candidate = await factory();
      const slot = candidate.swapOut();
      const claim = mustClaim(candidate, slot);
      assert.deepEqual([claim.type, claim.offset], [slot.type, slot.offset], "the claim names its slot");
      assert.equal(claim.page.length, PAGE_SIZE, "the lent page is PAGE_SIZE bytes");
      candidate.writeback.release(claim);
      await candidate.close();
    });

    test("a slot is claimed once at a time", async () => {
      const candidate = await factory();
      const slot = candidate.swapOut();
      const claim = mustClaim(candidate, slot);
      assert.equal(candidate.writeback.claim(slot.type, slot.offset), "exists", "the slot is locked");
      candidate.writeback.release(claim);
      candidate.writeback.release(mustClaim(candidate, slot));
      assert.equal(candidate.trustsDevice(slot), false, "a claim that was released changes nothing");
      await candidate.close();
    });

    test("a page in memory is not claimed", async () => {
      const candidate = await factory();
      const slot = candidate.swapOut();
      await candidate.bringIn(slot);
      assert.equal(candidate.writeback.claim(slot.type, slot.offset), "exists", "the page is hot");
      await candidate.close();
    });

    test("10.2-k the number of claims is bounded, and a released one is lent again", async () => {
      const candidate = await factory();
      const claims: SwapClaim[] = [];
      let refused = false;
      for (let count = 0; count < CLAIMS_MAX && !refused; count++) {
        const slot = candidate.swapOut();
        const claim = candidate.writeback.claim(slot.type, slot.offset);
        assert.notEqual(claim, "exists", "a page that was swapped out is not in memory");
        if (typeof claim === "object") claims.push(claim);
        else refused = true;
      }
      assert.ok(refused, "claims end in noMemory before memory ends");
      assert.ok(claims.length > 0, "at least one page can be lent");
      assert.equal(new Set(claims.map((claim) => claim.page)).size, claims.length, "no page is lent twice at a time");
      for (const claim of claims) candidate.writeback.release(claim);
      candidate.writeback.release(mustClaim(candidate, candidate.swapOut()));
      await candidate.close();
    });

    test("a submitted write settles once, later, and flush waits for it", async () => {
      const candidate = await factory();
      const outcomes: WritebackOutcome[] = [];
      for (let count = 0; count < 3; count++) {
        submit(candidate, candidate.swapOut(), makePage("incompressible", count), (outcome) => {
          outcomes.push(outcome);
          return outcome === "written";
        });
        assert.deepEqual(outcomes, [], "nothing settles from within submit");
      }
      await candidate.writeback.flush();
      assert.deepEqual(outcomes, ["written", "written", "written"], "each settled before flush resolved");
      await candidate.writeback.flush();
      assert.equal(outcomes.length, 3, "each settled once");
      await candidate.close();
    });

    test("flush with nothing submitted resolves", async () => {
      const candidate = await factory();
      await candidate.writeback.flush();
      await candidate.close();
    });

    test("the device is trusted when the backend gave its copy up, not before", async () => {
      const candidate = await factory();
      const slot = candidate.swapOut();
      const page = makePage("incompressible", 1);
      submit(candidate, slot, page, (outcome) => {
        assert.equal(candidate.trustsDevice(slot), false, "the backend has not answered yet");
        return outcome === "written";
      });
      assert.equal(candidate.trustsDevice(slot), false, "the write is under way");
      await candidate.writeback.flush();
      assert.equal(candidate.trustsDevice(slot), true, "the backend gave its copy up");
      assert.ok(sameBytes(await candidate.readDevice(slot), page), "the device holds what was submitted");
      await candidate.close();
    });

    test("the device is not trusted when the backend kept its copy", async () => {
      const candidate = await factory();
      const slot = candidate.swapOut();
      submit(candidate, slot, makePage("incompressible", 1), () => false);
      await candidate.writeback.flush();
      assert.equal(candidate.trustsDevice(slot), false, "the backend kept its copy");
      await candidate.close();
    });

    test("a write that failed says so, and can be tried again", async () => {
      const candidate = await factory();
      const slot = candidate.swapOut();
      const page = makePage("incompressible", 1);
      candidate.failNext(1);
      assert.equal(await writeOut(candidate, slot, page), "failed", "the device refused the write");
      assert.equal(candidate.trustsDevice(slot), false, "the zpage is the only copy still");
      assert.equal(await writeOut(candidate, slot, page), "written", "the slot was unlocked");
      assert.ok(sameBytes(await candidate.readDevice(slot), page), "the device holds what was submitted");
      await candidate.close();
    });

    test("10.2-a a slot that was freed during the write settles as failed", async () => {
      const candidate = await factory();
      const slot = candidate.swapOut();
      const outcomes: WritebackOutcome[] = [];
      submit(candidate, slot, makePage("incompressible", 1), (outcome) => {
        outcomes.push(outcome);
        return false;
      });
      candidate.free(slot);
      await candidate.writeback.flush();
      assert.deepEqual(outcomes, ["failed"], "what was written belongs to nobody");
      await candidate.close();
    });

    test("pages lent for writes come back", async () => {
      const candidate = await factory();
      for (let round = 0; round < 200; round++) {
        const outcome = await writeOut(candidate, candidate.swapOut(), makePage("compressible", round));
        assert.equal(outcome, "written", "a write of one page finds a page to lend every time");
      }
      await candidate.close();
    });
  });
}

function mustClaim(candidate: SwapWritebackCandidate, slot: SwappedOutSlot): SwapClaim {
  const claim = candidate.writeback.claim(slot.type, slot.offset);
  assert.ok(typeof claim === "object", "a slot whose page lies in a backend can be claimed");
  return claim;
}

function submit(
  candidate: SwapWritebackCandidate,
  slot: SwappedOutSlot,
  page: Uint8Array,
  settled: (outcome: WritebackOutcome) => boolean,
): void {
  const claim = mustClaim(candidate, slot);
  claim.page.set(page);
  candidate.writeback.submit(claim, settled);
}

/** Writes one page out, the backend giving its copy up when it was written. */
async function writeOut(
  candidate: SwapWritebackCandidate,
  slot: SwappedOutSlot,
  page: Uint8Array,
): Promise<WritebackOutcome | undefined> {
  let result: WritebackOutcome | undefined;
  submit(candidate, slot, page, (outcome) => {
    result = outcome;
    return outcome === "written";
  });
  await candidate.writeback.flush();
  return result;
}
