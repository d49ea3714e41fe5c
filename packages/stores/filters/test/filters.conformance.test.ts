import { createPrng } from "@pagetier/base";
import type { BackingStore } from "@pagetier/store";
import { emptyDisk, ReferenceStore, storeConformance } from "@pagetier/store/conformance";
import { describe, test } from "vitest";
import { ChecksumStore, DelayStore, DeviceStore, ErrorStore, StatsStore, ThrottleStore } from "../src/index.js";
import { turnScheduler } from "./turn-scheduler.js";

const FILTERS: Record<string, (next: BackingStore) => BackingStore> = {
  delay: (next) => new DelayStore(next, turnScheduler(), { readUs: 80, writePageUs: 5, flushUs: 100 }),
  "device disk": (next) => new DeviceStore(next, turnScheduler(), createPrng(1), { model: "disk" }),
  error: (next) => new ErrorStore(next, createPrng(1), { probability: 0 }),
  stats: (next) => new StatsStore(next, turnScheduler().clock),
  throttle: (next) => new ThrottleStore(next, turnScheduler(), { pagesPerSecond: 1000, totalPages: 1e6 }),
  checksum: (next) => new ChecksumStore(next),
  "delay over throttle over checksum": (next) => FILTERS.delay!(FILTERS.throttle!(FILTERS.checksum!(next))),
};

for (const [name, filter] of Object.entries(FILTERS)) {
  describe(name, () =>
    storeConformance({ describe, test }, () => {
      const disk = emptyDisk();
      return { create: () => filter(new ReferenceStore(disk)) };
    }),
  );
}

describe("an error filter that fails", () =>
  storeConformance({ describe, test }, () => {
    const disk = emptyDisk();
    let left = Number.POSITIVE_INFINITY;
    return {
      create: () => {
        const prng = createPrng(1);
        // Chance hits exactly the operation that the kit asks for.
        return new ErrorStore(
          new ReferenceStore(disk),
          { ...prng, unit: () => (--left === 0 ? 0 : 1) },
          {
            probability: 0.5,
          },
        );
      },
      failAt: (nth) => {
        left = nth;
        return {
          get fired() {
            return left <= 0;
          },
          stop: () => undefined,
        };
      },
    };
  }));
