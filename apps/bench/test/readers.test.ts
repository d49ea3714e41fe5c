import { expect, test } from "vitest";
import { readersSuite } from "../src/suites/readers.js";

test("readers: every format is written as it is read, request for request", async () => {
  const rows = await readersSuite(20_000).run({ pages: [], trace: "", rounds: 1 });
  expect(rows.map(({ name }) => name.split(" ")[0])).toEqual(
    expect.arrayContaining([
      "u32",
      "oracleGeneral",
      "lcs",
      "vscsi",
      "text",
      "arc",
      "msr",
      "twitter",
      "csv",
      "fio",
      "lackey",
      "frontswap",
    ]),
  );
  for (const { value, unit } of rows) {
    expect(unit).toBe("M requests/s");
    expect(value).toBeGreaterThan(0);
  }
});
