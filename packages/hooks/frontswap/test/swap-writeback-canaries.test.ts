import assert from "node:assert/strict";
import { RecordingRunner } from "@pagetier/base/testing";
import { describe, test } from "vitest";
import { FakeSwapWriteback, type SwapWritebackCandidate, swapWritebackConformance } from "../src/conformance/index.js";
import type { SwapClaim, WritebackOutcome } from "../src/index.js";
import { fakeCandidate } from "./fake-candidate.js";

type Settled = (outcome: WritebackOutcome) => boolean;

class SettlesWithinSubmit extends FakeSwapWriteback {
  override submit(claim: SwapClaim, settled: Settled): void {
    super.submit(claim, settled);
    this.settleNext();
  }
}

class SettlesTwice extends FakeSwapWriteback {
  override submit(claim: SwapClaim, settled: Settled): void {
    super.submit(claim, (outcome) => {
      settled(outcome);
      return settled(outcome);
    });
  }
}

class DoesNotWaitInFlush extends FakeSwapWriteback {
  override async flush(): Promise<void> {
    void super.flush();
  }
}

class LendsASlotTwice extends FakeSwapWriteback {
  override claim(type: number, offset: number): SwapClaim | "exists" | "noMemory" {
    const claim = super.claim(type, offset);
    return claim === "exists" ? { type, offset, page: new Uint8Array(4096) } : claim;
  }
}

class LendsWithoutEnd extends FakeSwapWriteback {
  constructor() {
    super({ pages: Number.POSITIVE_INFINITY });
  }
}

class NeverTakesPagesBack extends FakeSwapWriteback {
  override settleNext(outcome?: WritebackOutcome): boolean | undefined {
    const dropped = super.settleNext(outcome);
    if (dropped !== undefined) this.pagesFree--;
    return dropped;
  }
}

class TrustsAtOnce extends FakeSwapWriteback {
  override submit(claim: SwapClaim, settled: Settled): void {
    this.write(claim.type, claim.offset, claim.page);
    super.submit(claim, settled);
  }
}

class TrustsWhateverTheAnswer extends FakeSwapWriteback {
  override submit(claim: SwapClaim, settled: Settled): void {
    super.submit(claim, (outcome) => {
      settled(outcome);
      return outcome === "written";
    });
  }
}

class SaysWrittenForAFreedSlot extends FakeSwapWriteback {
  override freeSlot(type: number, offset: number): void {
    this.distrust(type, offset);
  }
}

class HidesFailures extends FakeSwapWriteback {
  override failNext(): void {}
}

const canaries: readonly (readonly [string, () => SwapWritebackCandidate, string])[] = [
  ["settles within submit", () => fakeCandidate(new SettlesWithinSubmit()), "a submitted write settles once, later"],
  ["settles twice", () => fakeCandidate(new SettlesTwice()), "a submitted write settles once, later"],
  ["does not wait in flush", () => fakeCandidate(new DoesNotWaitInFlush()), "a submitted write settles once, later"],
  ["lends a slot twice", () => fakeCandidate(new LendsASlotTwice()), "a slot is claimed once at a time"],
  ["lends pages in memory", () => fakeCandidate(new LendsASlotTwice()), "a page in memory is not claimed"],
  ["lends without end", () => fakeCandidate(new LendsWithoutEnd()), "10.2-k the number of claims is bounded"],
  ["never takes pages back", () => fakeCandidate(new NeverTakesPagesBack()), "pages lent for writes come back"],
  [
    "trusts the device at once",
    () => fakeCandidate(new TrustsAtOnce()),
    "when the backend gave its copy up, not before",
  ],
  ["trusts whatever the answer", () => fakeCandidate(new TrustsWhateverTheAnswer()), "when the backend kept its copy"],
  ["writes for nobody", () => fakeCandidate(new SaysWrittenForAFreedSlot()), "10.2-a a slot that was freed"],
  ["hides failures", () => fakeCandidate(new HidesFailures()), "a write that failed says so"],
];

describe("the write-back kit", () => {
  for (const [fault, candidate, name] of canaries) {
    test(`finds an MM that ${fault}`, async () => {
      const runner = new RecordingRunner();
      swapWritebackConformance(runner, candidate);
      assert.equal((await runner.failures(name)).length, 1, "the test that names the fault fails");
    });
  }
});
