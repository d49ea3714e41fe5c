import { describe, expect, test } from "vitest";
import { FileModel } from "./file-model.js";
import { type FileRigOptions, fileRig } from "./file-rig.js";

const STACKS: Readonly<Record<string, FileRigOptions>> = {
  cleancache: {},
  "a small cleancache that keeps active pages only": { cleancachePages: 8, activeOnly: true },
  "a cleancache that lends pages out": { remote: true },
  "no cleancache to speak of, and zswap": { cleancachePages: 1, zswap: {} },
};

describe("a file agrees with a map of pages", () => {
  for (const [name, options] of Object.entries(STACKS)) {
    test(name, async () => {
      for (let seed = 1; seed <= 2; seed++) {
        const rig = await fileRig(options);
        let turns = 0;
        if (seed > 1) rig.store.turnsOf = () => turns++ % 3;
        const model = new FileModel(rig, { seed });
        await model.run(30, 60);
        await model.check();
        const { counters } = rig.mm.stats();
        for (const counter of ["fileReads", "fileWrites", "readaheadHits", "cleancachePuts"]) {
          expect(counters[counter], counter).toBeGreaterThan(0);
        }
        await model.close();
      }
    });
  }
});

describe("under a store that fails the n-th operation nothing is lost or stale", () => {
  for (const [name, options] of Object.entries(STACKS).slice(1, 3)) {
    for (const fault of ["status", "reject"] as const) {
      test(`${name}, ${fault}`, async () => {
        let failures = 0;
        let last = 0;
        // Until the scenario has fewer operations than n; in steps that grow, since the later ones are alike.
        for (let n = 1, faults = 1; faults > 0 && n < 400; n += 1 + (n >>> 2)) {
          faults = 0;
          const rig = await fileRig({ ...options, pages: 260 });
          rig.store.faultOf = (count, operation) => {
            if (count < n || count >= n + 2) return undefined;
            faults++;
            return operation === "discard" ? "reject" : fault; // A discard has no statuses to tell of a failure.
          };
          let turns = n;
          rig.store.turnsOf = () => turns++ % 2;
          const model = new FileModel(rig, { seed: n, mayFail: () => true });
          await model.run(8, 50);
          rig.store.faultOf = () => undefined;
          failures += model.failures;
          model.failures = 0;
          await model.check();
          expect(model.failures).toBe(0); // With the fault gone every access is done.
          await model.close();
          last = n;
        }
        expect(last).toBeGreaterThan(20);
        expect(failures).toBeGreaterThan(5);
      });
    }
  }
});
