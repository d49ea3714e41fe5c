import { describe, test } from "vitest";
import {
  cleancacheConformance,
  ReferenceCleancache,
  type ReferenceCleancacheOptions,
} from "../src/conformance/index.js";

const variants: Readonly<Record<string, ReferenceCleancacheOptions>> = {
  plain: {},
  "active pages only": { activeOnly: true },
  remote: { remote: true },
};

for (const [name, options] of Object.entries(variants)) {
  describe(`reference, ${name}`, () => {
    cleancacheConformance({ describe, test }, () => {
      const backend = new ReferenceCleancache(options);
      return { backend, reclaim: (pages) => backend.reclaim(pages) };
    });
  });
}

describe("reference, keeping nothing", () => {
  cleancacheConformance({ describe, test }, () => {
    const backend = new ReferenceCleancache({ activeOnly: true });
    const put = backend.putPage.bind(backend);
    backend.putPage = (pool, file, index, page) => put(pool, file, index, page, false);
    return { backend, keepsNothing: true };
  });
});
