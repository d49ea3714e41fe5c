import { expect, test } from "vitest";

const { stores } = (await import(
  new URL("../dist/suites/stores.js", import.meta.url).href
)) as typeof import("../src/suites/stores.js");

test("stores: each way is measured beside plain calls, in ratios of one round each", async () => {
  const rows = await stores.run({ pages: [], trace: "", rounds: 2 });
  const speeds = rows.filter(({ unit }) => unit === "MB/s");
  const ratios = rows.filter(({ unit }) => unit === "ratio");
  expect([speeds.length, ratios.length]).toEqual([4 * (5 + 4), 4 * (4 + 3) * 2]);
  for (const { name, value, values } of rows) {
    expect(value, name).toBeGreaterThan(0);
    expect(values, name).toHaveLength(2);
  }
  const valuesOf = (name: string): readonly number[] => rows.find((row) => row.name === name)!.values!;
  const title = "write-back, clusters of 32, 4 at a time";
  const [plain, store, ratio] = ["plain", "store", "store / plain, wall"].map((name) => valuesOf(`${title}: ${name}`));
  expect(ratio).toEqual(store!.map((speed, round) => speed / plain![round]!));
});
