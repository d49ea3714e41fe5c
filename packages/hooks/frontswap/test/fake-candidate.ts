import assert from "node:assert/strict";
import { FakeSwapWriteback, type SwapWritebackCandidate } from "../src/conformance/index.js";

/** The fake as an implementation under test: slots are numbers, the device is its map. */
export function fakeCandidate(writeback = new FakeSwapWriteback()): SwapWritebackCandidate {
  let slots = 0;
  return {
    writeback,
    swapOut: () => ({ type: 0, offset: slots++ }),
    trustsDevice: (slot) => writeback.deviceRead(slot.type, slot.offset) !== undefined,
    readDevice: async (slot) => {
      const page = writeback.deviceRead(slot.type, slot.offset);
      assert.ok(page !== undefined, "the device is trusted");
      return page;
    },
    free: (slot) => writeback.freeSlot(slot.type, slot.offset),
    failNext: (writes) => writeback.failNext(writes),
    bringIn: async (slot) => writeback.setResident(slot.type, slot.offset, true),
    close: () => writeback.flush(),
  };
}
