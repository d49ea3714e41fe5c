import { createPrng, realScheduler, UNCHARGED } from "@pagetier/base";
import { NO_FRAME, PageFrames } from "@pagetier/frames";
import { FrontswapRegistry } from "@pagetier/frontswap";
import { ReferenceFrontswap, swapWritebackConformance } from "@pagetier/frontswap/conformance";
import { LruPolicy } from "@pagetier/policies/lru";
import { describe, expect, test } from "vitest";
import { AccessPatterns } from "../src/access-patterns.js";
import { PageTable } from "../src/page-table.js";
import type { PageId } from "../src/space.js";
import { Swap } from "../src/swap.js";
import { slotOf } from "../src/swap-slot.js";
import { pageOf } from "./rig.js";
import { ScriptedStore } from "./scripted-store.js";

const IN_FLIGHT_MAX = 40;

swapWritebackConformance({ describe, test }, async () => {
  const frames = new PageFrames({ budgetBytes: 1 << 20 });
  const owner = frames.register({ name: "resident" });
  const policy = new LruPolicy({ capacity: Number.POSITIVE_INFINITY, prng: createPrng(1), accountant: UNCHARGED });
  const frontswap = new FrontswapRegistry({ writeThrough: false });
  const table = new PageTable();
  const store = new ScriptedStore();
  const swap = new Swap({
    frames,
    owner,
    table,
    policy,
    frontswap,
    scheduler: realScheduler,
    inFlightMax: IN_FLIGHT_MAX,
    poolsOnCompletion: false,
    faults: new Map(),
    patterns: new AccessPatterns(),
    readaheadPagesMax: 8,
  });
  frontswap.register(new ReferenceFrontswap({ capacityBytes: 2 ** 30 }, swap));
  await store.open();
  swap.turnOn({ store, name: "scripted", priority: 0, io: "async" });
  const pages = table.reserve(10_000);
  let next: number = pages;
  const pageAt = new Map<number, PageId>();
  let failures = 0;
  store.faultOf = (_count, operation) => (operation === "write" && failures-- > 0 ? "status" : undefined);
  const takeFrame = () => {
    const frame = frames.take("user", owner);
    expect(frame).not.toBe(NO_FRAME);
    return frame;
  };
  return {
    writeback: swap,
    swapOut: () => {
      const page = next++ as PageId;
      const frame = takeFrame();
      frames.view(frame).set(pageOf(page));
      table.map(page, frame, 0 as never);
      expect(swap.swapOut(page, frame, false)).toBe("freed");
      const offset = table.word(page) & 0xffff;
      pageAt.set(offset, page);
      return { type: 0, offset };
    },
    trustsDevice: ({ type, offset }) => !frontswap.has(type, offset) && swap.areas[type]!.isOnDevice(offset),
    readDevice: ({ offset }) => store.peek(offset),
    free: ({ type, offset }) => {
      table.clearSlot(pageAt.get(offset)!);
      swap.giveSlot(slotOf(type, offset));
    },
    failNext: (writes) => {
      failures = writes;
    },
    bringIn: async ({ type, offset }) => {
      const arrived = () => undefined;
      expect(await swap.load(pageAt.get(offset)!, slotOf(type, offset), takeFrame(), arrived, false)).toBe("pool");
    },
    close: async () => {
      await swap.flush();
      await store.close();
      frames.verify();
    },
  };
});
