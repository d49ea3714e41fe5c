import { cleancacheConformance } from "@pagetier/cleancache/conformance";
import { frontswapConformance } from "@pagetier/frontswap/conformance";
import { describe, test } from "vitest";
import type { RamsterOptions } from "../src/index.js";
import { type Bed, bed, shrinkControl, turns } from "./bed.js";

async function reclaim({ ramster }: Bed, pages: number): Promise<void> {
  ramster.scanObjects(shrinkControl(pages));
  await turns();
}

const variants: Readonly<Record<string, Partial<RamsterOptions>>> = {
  "by default": {},
  "with exclusive loads": { exclusiveLoads: true },
  "that keeps everything here": { remotify: "none" },
  "that asks for two copies": { copies: 2 },
};

for (const [name, options] of Object.entries(variants)) {
  describe(`RAMster ${name}`, () => {
    frontswapConformance({ describe, test }, (writeback) => {
      const made = bed({ writeback, ramster: options });
      return { backend: made.ramster.frontswap, reclaim: (pages) => reclaim(made, pages) };
    });

    cleancacheConformance({ describe, test }, () => {
      const made = bed({ ramster: options });
      return { backend: made.ramster.cleancache, reclaim: (pages) => reclaim(made, pages) };
    });
  });
}

describe("RAMster whose machines are away", () => {
  frontswapConformance({ describe, test }, (writeback) => {
    const made = bed({ writeback });
    for (const node of made.remote.nodes) node.reachable = false;
    return { backend: made.ramster.frontswap, reclaim: (pages) => reclaim(made, pages) };
  });
});
