import { describe, expect, test } from "vitest";
import { ScanCosts, type ScanSituation, scanWeights, shareByCost } from "../src/scan-balance.js";

const SITUATION: ScanSituation = {
  priority: 6,
  swappiness: 60,
  canSwap: true,
  anon: 10_000,
  anonInactive: 5_000,
  file: 10_000,
  fileInactive: 5_000,
  anonCost: 0,
  fileCost: 0,
  deactivatesAnon: true,
  deactivatesFile: true,
  free: 100,
  high: 300,
};

describe("what a pass scans", () => {
  const cases: readonly (readonly [string, Partial<ScanSituation>, number, number])[] = [
    ["equal costs, swappiness 60: 30 and 70 of a hundred", {}, 0.3, 0.7],
    ["swappiness 100: both alike", { swappiness: 100 }, 0.5, 0.5],
    ["swappiness 0: files alone", { swappiness: 0 }, 0, 1],
    ["swappiness 200: anonymous pages alone", { swappiness: 200 }, 1, 0],
    ["nothing can be swapped", { canSwap: false, priority: 0 }, 0, 1],
    ["priority 0: everything of both", { priority: 0 }, 1, 1],
    ["priority 0 with swappiness 0: files alone", { priority: 0, swappiness: 0 }, 0, 1],
    ["hardly a page of a file is left", { file: 100, deactivatesAnon: false }, 1, 0],
    ["hardly a page of a file is left, but the anonymous ones are wanted", { file: 100 }, 0.3, 0.7],
    ["plenty of cold pages of files", { deactivatesFile: false }, 0, 1],
    ["too few cold pages of files at this priority", { deactivatesFile: false, fileInactive: 63 }, 0.3, 0.7],
    // Costs 0 and 1000 count as 1000 and 2000: 60 × (3001 / 1001) against 140 × (3001 / 2001).
    ["files were dear", { fileCost: 1000 }, 0.4614, 0.5386],
    ["anonymous pages were dear", { anonCost: 1000 }, 0.1765, 0.8235],
  ];
  for (const [name, change, anon, file] of cases) {
    test(name, () => {
      const weights = scanWeights({ ...SITUATION, ...change });
      expect(weights.anon).toBeCloseTo(anon, 3);
      expect(weights.file).toBeCloseTo(file, 3);
    });
  }
});

test("costs count an I/O as 32 pages, and both fade when they exceed a quarter of the pages", () => {
  const costs = new ScanCosts(["anon", "file"]);
  costs.note("anon", 2, 5, 10_000);
  costs.note("file", 0, 31, 10_000);
  expect([costs.of("anon"), costs.of("file")]).toEqual([69, 31]);
  costs.note("file", 1, 0, 400); // 132 > 100
  expect([costs.of("anon"), costs.of("file")]).toEqual([34.5, 31.5]);
});

test("what was dear has the smaller share, a third at least", () => {
  expect(shareByCost(0, 0)).toBe(0.5);
  expect(shareByCost(1e6, 0)).toBeCloseTo(1 / 3, 4);
  expect(shareByCost(0, 1e6)).toBeCloseTo(2 / 3, 4);
  expect(shareByCost(500, 500)).toBe(0.5);
});
