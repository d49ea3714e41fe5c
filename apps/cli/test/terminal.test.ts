import { describe, expect, test } from "vitest";
import { poolTable } from "../dist/report/pool-table.js";
import { jsonText, progressText, rate } from "../dist/terminal.js";

describe("progress", () => {
  const state = { label: "zswap", done: 250_000, total: 1_000_000, elapsedMs: 500 };

  test("says how much, how fast, and how long it will take", () => {
    expect(progressText(state, 100)).toBe(
      "zswap        ━━━━━━──────────────────  25 % · 250,000 of 1,000,000 · 500 k/s · 1.5 s left".replace(
        "  25",
        " 25",
      ),
    );
  });

  test("leaves out what does not fit the terminal", () => {
    for (const columns of [80, 60, 40, 20, 5]) expect(progressText(state, columns).length).toBeLessThan(columns);
    expect(progressText(state, 70)).toContain("250,000 of 1,000,000");
    expect(progressText(state, 20)).toBe("25 % · 1.5 s left");
  });

  test("of something whose end is unknown says how much and how fast", () => {
    expect(progressText({ ...state, total: undefined }, 80)).toBe("zswap        250,000 · 500 k/s");
  });

  test("rates are short", () => {
    expect([0, 12, 999, 1234, 56_700, 1_234_567].map(rate)).toEqual([
      "0/s",
      "12/s",
      "999/s",
      "1.2 k/s",
      "57 k/s",
      "1.2 M/s",
    ]);
  });
});

test("JSON has lists of numbers on one line, and nothing else is touched", () => {
  const document = { series: [1, -2.5, 3e-7], rows: [{ a: 1 }], text: "[1,\n  2]", empty: [], names: ["a", "b"] };
  expect(jsonText(document)).toContain('"series": [ 1, -2.5, 3e-7 ]');
  expect(JSON.parse(jsonText(document))).toEqual(document);
  expect(jsonText(document)).toContain('"names": [\n');
});

test("a table of pools fits the terminal, and says what it left out", () => {
  const row = {
    input: "p.pages",
    allocator: "zsmalloc",
    compressor: "lz4",
    pages: 100,
    storedPages: 90,
    rejectedPages: 10,
    sameFilledPages: 3,
    incompressiblePages: 4,
    compressedBytes: 60_000,
    rawBytes: 16_384,
    poolPages: 20,
    metadataBytes: 4096,
    poolBytes: 86_016,
    storeMBps: 400,
    loadMBps: 900,
    mismatches: 0,
  };
  for (const width of [100, 72, 60, 46]) {
    const lines = poolTable([row], width).split("\n");
    const table = lines.filter((line) => !line.startsWith("Left out"));
    expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(width);
    expect(table.join()).toMatch(/zsmalloc.*4\.29/);
  }
  expect(poolTable([row], 60)).toContain("Left out for want of room: tables");
  expect(poolTable([row], 100)).not.toContain("Left out");
});
