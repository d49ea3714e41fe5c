import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { openPages, openTrace, traceInfo } from "../src/index.js";

const data = fileURLToPath(new URL("../../../../data/", import.meta.url));

test("the bundled trace and pages hold what their README says, in at most 2 MiB", async () => {
  const readme = readFileSync(`${data}README.md`, "utf8");
  let packedBytes = 0;
  for (const name of ["programs.u32.gz", "node-heap.pages.gz"]) {
    const packed = readFileSync(`${data}${name}`);
    packedBytes += packed.length;
    expect(readme).toContain(createHash("sha256").update(gunzipSync(packed)).digest("hex"));
  }
  expect(packedBytes).toBeLessThan(2 ** 21);
  const trace = await openTrace(`${data}programs.u32.gz`);
  expect(trace.total).toBe(499_526);
  expect(await traceInfo(trace)).toMatchObject({ requests: 499_526, objects: 19_758, writes: 166_482 });
  expect((await openPages(`${data}node-heap.pages.gz`)).pages).toBe(1536);
});
