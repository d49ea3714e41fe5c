// The same inputs and seed give the same report, byte for byte, on any machine.

import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { BUNDLED_PAGES, BUNDLED_TRACE } from "./command.js";
import { pagetier } from "./pool-command.js";

const BUNDLED = ["--trace", BUNDLED_TRACE, "--pages", BUNDLED_PAGES];

const run = (...options: string[]) =>
  pagetier(
    "run",
    "zswap",
    ...BUNDLED,
    "--memory",
    "4MiB",
    "--limit",
    "40000",
    "--time",
    "virtual",
    "--json",
    ...options,
  );

test("two processes print the same bytes, another seed others", async () => {
  const [first, second, other] = await Promise.all([run(), run(), run("--seed", "2")]);
  expect(first.status).toBe(0);
  expect(second.output).toBe(first.output);
  expect(other.output).not.toBe(first.output);
  const report = JSON.parse(first.output);
  expect(report).toMatchObject({ time: "virtual", device: "nvme", thinkNs: 0, mismatches: 0 });
  expect(report.memory).toMatchObject({ rssStartBytes: null, rssPeakBytes: null });
  expect(report.stall.someMs).toBeGreaterThan(0);
});

test("the figures that decide a comparison are those that another machine printed", async () => {
  const { output } = await run("--device", "disk", "--think", "500");
  const { faults, stall, elapsedMs, latency } = JSON.parse(output);
  const sum = createHash("sha256").update(JSON.stringify({ faults, stall, elapsedMs, latency })).digest("hex");
  // Changes with the cost file, the device models, the policies and what MM does; then take the value that is printed.
  expect(sum.slice(0, 16)).toMatchInlineSnapshot(`"fc5962f99ad959f0"`);
});

test("slower devices take longer, thinking takes time, and neither changes what is right", async () => {
  const reports = await Promise.all(
    [
      ["--device", "nvme"],
      ["--device", "sata"],
      ["--device", "disk"],
      ["--device", "nvme", "--think", "2000"],
    ].map(async (options) => JSON.parse((await run(...options)).output)),
  );
  const [nvme, sata, disk, thinking] = reports;
  expect(reports.map(({ mismatches }) => mismatches)).toEqual([0, 0, 0, 0]);
  expect(sata.stall.someMs).toBeGreaterThan(nvme.stall.someMs);
  expect(disk.stall.someMs).toBeGreaterThan(sata.stall.someMs);
  expect(thinking.elapsedMs).toBeGreaterThan(nvme.elapsedMs + 40_000 * 0.0015);
});

test("options of virtual time are refused in real time", async () => {
  const { status, messages } = await pagetier("run", "zswap", ...BUNDLED, "--device", "disk");
  expect(status).toBe(2);
  expect(messages).toContain("--time virtual");
});
