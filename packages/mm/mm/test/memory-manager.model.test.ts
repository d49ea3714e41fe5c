import { KmallocPool } from "@pagetier/allocator-kmalloc";
import { ZbudPool } from "@pagetier/allocator-zbud";
import { createPrng, UNCHARGED } from "@pagetier/base";
import { Lz4jsCompressor } from "@pagetier/compressor-lz4js";
import { NullCompressor } from "@pagetier/compressor-null";
import { LruPolicy } from "@pagetier/policies/lru";
import { describe, expect, test } from "vitest";
import { Model } from "./model.js";
import { type RigOptions, rig } from "./rig.js";
import { type Operation, ScriptedStore } from "./scripted-store.js";

const compressed = { writeback: "compressed", shrinker: true, maxPoolPercent: 20 } as const;

// 1 MiB is the smallest memory: 240 frames, of which users get some 220.
const STACKS: Readonly<Record<string, Omit<RigOptions, "stores">>> = {
  "no backend": { zswap: null },
  zswap: {},
  "zswap, exclusive": { zswap: { exclusiveLoads: true } },
  "zswap, shrinker": { zswap: { shrinker: true, maxPoolPercent: 50 } },
  "zswap, refuse": { zswap: { poolFull: "refuse" } },
  "zswap, neither same-filled nor raw": { zswap: { sameFilledPages: false, storeIncompressible: false } },
  "write-through": { writeThrough: true },
  "write-through, drop-clean": { writeThrough: true, zswap: { poolFull: "drop-clean", shrinker: true } },
  "write-through, exclusive": { writeThrough: true, zswap: { exclusiveLoads: true } },
  "io now": { io: "now" },
  "io now, write-through": { io: "now", writeThrough: true },
  "io now, no backend": { io: "now", zswap: null },
  "tiny pool": { zswap: { maxPoolPercent: 1 } },
  "huge pool": { zswap: { maxPoolPercent: 100 } },
  "kmalloc and null": { pool: (frames) => new KmallocPool(frames), compressor: () => new NullCompressor() },
  completion: { mm: { trigger: "completion" }, zswap: { poolFull: "drop-clean" } },
  "completion, exclusive": { mm: { trigger: "completion" }, zswap: { poolFull: "drop-clean", exclusiveLoads: true } },
  "completion, io now": { mm: { trigger: "completion" }, zswap: { poolFull: "drop-clean" }, io: "now" },
  "completion, shrinkers alone": {
    mm: { trigger: "completion", engine: "shrinkers" },
    zswap: { poolFull: "drop-clean" },
  },
  "virtual slots": { mm: { swapSlots: "virtual" } },
  "virtual slots, write-through": { mm: { swapSlots: "virtual" }, writeThrough: true },
  "virtual slots, io now": { mm: { swapSlots: "virtual" }, io: "now" },
  "virtual slots, completion": {
    mm: { swapSlots: "virtual", trigger: "completion" },
    zswap: { poolFull: "drop-clean" },
  },
  "shrinkers alone": { mm: { engine: "shrinkers" } },
  "shrinkers alone, small batches": { mm: { engine: "shrinkers", listBatch: 8, listSeeks: 1 } },
  "shrinkers alone, no backend": { mm: { engine: "shrinkers" }, zswap: null },
  "shrinkers alone, write-through": { mm: { engine: "shrinkers" }, writeThrough: true },
  "compressed write-back": { zswap: compressed },
  "compressed write-back, exclusive": { zswap: { ...compressed, exclusiveLoads: true } },
  "compressed write-back, io now": { zswap: compressed, io: "now" },
  "compressed write-back, write-through": { zswap: compressed, writeThrough: true },
  "compressed write-back, virtual slots": { zswap: compressed, mm: { swapSlots: "virtual" } },
  "compressed write-back, no readahead": { zswap: { ...compressed, readaheadPages: 0 } },
  "recompressed write-back": {
    zswap: { ...compressed, writeback: "recompressed" },
    strong: () => new Lz4jsCompressor(),
    compressor: () => new NullCompressor(),
  },
  "as Linux 3.14": { zswap: { as: "3.14" }, pool: (frames) => new ZbudPool(frames) },
  "as Linux 6.1": { zswap: { as: "6.1" }, pool: (frames) => new ZbudPool(frames) },
  "as Linux 6.8": { zswap: { as: "6.8", shrinker: true } },
  "as Linux 6.18": { zswap: { as: "6.18", shrinker: true } },
  "anonymous list behind a shrinker": { mm: { trigger: "shrinker" }, zswap: { shrinker: true } },
  "sized by MM": { mm: { sizesPools: true }, zswap: { maxPoolPercent: 100 } },
  lru: { policy: new LruPolicy({ capacity: Number.POSITIVE_INFINITY, prng: createPrng(1), accountant: UNCHARGED }) },
};

describe("a stack agrees with a map of pages", () => {
  for (const [name, options] of Object.entries(STACKS)) {
    test(name, async () => {
      const seed = 0x5eed;
      const store = new ScriptedStore();
      const model = new Model(await rig({ ...options, stores: [store] }), { seed, spaces: 2, pages: 260 });
      await model.fill();
      await model.check();
      await model.sequential(800);
      await model.check();
      await model.concurrent(4, 150);
      await model.check();
      // Written through, everything is clean, and nothing is left to write back.
      const isRecording = name.includes("compressed write-back") && !name.includes("write-through");
      expect([store.recordsWritten.length > 30, store.recordsRead.length > 10]).toEqual([isRecording, isRecording]);
      await model.close();
    });
  }

  test("with so few slots that pages in memory give theirs up", async () => {
    const stores = [new ScriptedStore({ pages: 120 }), new ScriptedStore({ pages: 200 })];
    const model = new Model(await rig({ stores }), { seed: 11, pages: 400, mayFail: () => true });
    await model.fill();
    await model.sequential(800);
    await model.concurrent(4, 150);
    await model.check();
    await model.close();
  });

  test("with virtual slots and so few places that pages in memory give theirs up", async () => {
    const stores = [new ScriptedStore({ pages: 120 }), new ScriptedStore({ pages: 200 })];
    const model = new Model(await rig({ stores, mm: { swapSlots: "virtual" } }), {
      seed: 11,
      pages: 400,
      mayFail: () => true,
    });
    await model.fill();
    await model.sequential(800);
    await model.concurrent(4, 150);
    await model.check();
    await model.close();
  });
});

describe("under a store that fails the n-th operation", () => {
  const faulty: readonly (keyof typeof STACKS)[] = [
    "no backend",
    "zswap",
    "write-through",
    "io now",
    "tiny pool",
    "shrinkers alone",
    "completion",
    "virtual slots",
    "compressed write-back",
    "compressed write-back, virtual slots",
  ];
  for (const name of faulty) {
    for (const fault of ["status", "reject"] as const) {
      test(`${name}, ${fault}: nothing accepted is lost or stale`, async () => {
        let failures = 0;
        let last = 0;
        // Until the scenario has fewer operations than n; in steps that grow, since the later ones are alike.
        for (let n = 1, faults = 1; faults > 0 && n < 400; n += 1 + (n >>> 2)) {
          faults = 0;
          const store = new ScriptedStore();
          store.faultOf = (count) => {
            if (count < n || count >= n + 2) return undefined;
            faults++;
            return fault;
          };
          const model = new Model(await rig({ ...STACKS[name], stores: [store] }), {
            seed: n,
            pages: 320,
            mayFail: () => true,
          });
          await model.fill();
          await model.sequential(60);
          await model.concurrent(1, 60);
          failures += model.failures;
          store.faultOf = () => undefined;
          model.failures = 0;
          await model.check();
          expect(model.failures).toBe(0); // With the fault gone every page can be read.
          await model.close();
          last = n;
        }
        expect(last).toBeGreaterThan(15);
        expect(failures).toBeGreaterThanOrEqual(0);
      });
    }
  }

  test("a store that refuses every write, or every discard, costs no page", async () => {
    for (const broken of ["write", "discard"] satisfies Operation[]) {
      const store = new ScriptedStore();
      let isBroken = false;
      store.faultOf = (_count, operation) => (isBroken && operation === broken ? "reject" : undefined);
      const model = new Model(await rig({ stores: [store] }), { seed: 3, pages: 300, mayFail: () => isBroken });
      await model.fill();
      isBroken = true;
      await model.sequential(400);
      await model.concurrent(2, 60);
      isBroken = false;
      await model.check();
      await model.close();
    }
  });
});
