import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openFrontswapTrace, openPages } from "@pagetier/trace";
import { describe, expect, test } from "vitest";
import { replayFrontswap } from "./frontswap-replay.js";

const folder = new URL("../../../../shared/reference/kernel/", import.meta.url);
const PAGES = fileURLToPath(new URL("../../../data/node-heap.pages.gz", import.meta.url));

interface Recorded {
  readonly counts: Readonly<Record<string, number>>;
}

const recorded: Readonly<Record<string, Recorded>> = existsSync(folder)
  ? JSON.parse(readFileSync(new URL("expected.json", folder), "utf8")).frontswapTraces
  : {};

const open = (name: string) => openFrontswapTrace(fileURLToPath(new URL(`frontswap-traces/${name}.csv.gz`, folder)));

describe.skipIf(!existsSync(folder))(
  "frontswap operations of a real kernel (skipped where there are none beside the repository)",
  () => {
    for (const [name, { counts }] of Object.entries(recorded)) {
      test(`${name}: with the kernel's refusals, every operation ends as it did there`, async () => {
        const budgetBytes = 128 << 20; // Room for everything: only recorded refusals happen.
        const result = await replayFrontswap(await open(name), await openPages(PAGES), { forced: true, budgetBytes });
        expect(result.counts).toEqual(counts);
        expect(result.writtenBackPages).toBe(0);
      });

      test(`${name}: with a pool that is too small, every page comes back, from the pool or from the device`, async () => {
        const budgetBytes = 12 << 20; // zswap gets half of it: less than the pages that the kernel held.
        const result = await replayFrontswap(await open(name), await openPages(PAGES), { forced: false, budgetBytes });
        const { S_ok, S_no, L_ok, L_no, W, I, A } = result.counts;
        expect(S_ok! + S_no!).toBe(counts.S_ok! + counts.S_no!);
        expect(L_ok! + L_no!).toBe(counts.L_ok! + counts.L_no!);
        expect({ I, A, W }).toEqual({ I: counts.I, A: counts.A, W: S_no });
        expect(S_no).toBeGreaterThan(0);
        expect(L_no).toBeGreaterThan(0);
        expect(result.writtenBackPages).toBeGreaterThan(0);
        expect(result.pagesHeldMost).toBeGreaterThan(1000);
      });
    }
  },
);
