import { PAGE_SIZE } from "@pagetier/base";
import { describe, test } from "vitest";
import { frontswapConformance, ReferenceFrontswap, type ReferenceFrontswapOptions } from "../src/conformance/index.js";

const variants: Readonly<Record<string, ReferenceFrontswapOptions>> = {
  plain: {},
  exclusive: { exclusive: true },
  "keeping clean copies": { dropClean: false },
  remote: { remote: true },
  "remote and exclusive": { remote: true, exclusive: true },
  tiny: { capacityBytes: 8 * PAGE_SIZE },
};

for (const [name, options] of Object.entries(variants)) {
  describe(`reference, ${name}`, () => {
    frontswapConformance({ describe, test }, (writeback) => {
      const backend = new ReferenceFrontswap(options, writeback);
      return {
        backend,
        reclaim: (pages) => backend.reclaim(pages),
        corrupt: (type, offset) => backend.corrupt(type, offset),
      };
    });
  });
}
