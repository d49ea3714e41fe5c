// Real pages through every allocator and compressor of the pool path: every page comes back equal.

import { brokenPoolIdentities } from "../../apps/cli/test/report-identities.mjs";
import { corpus, finish, needSharedData, pagetier, report } from "./support/replays.mjs";

const ALLOCATORS = ["zsmalloc", "kmalloc"];
const COMPRESSORS = ["lz4", "lz4js", "deflate"];

needSharedData();
for (const pages of ["text-files", "node-heap"]) {
  const parts = ["--allocator", ALLOCATORS.join(","), "--compressor", COMPRESSORS.join(",")];
  const { wrong, document, seconds } = await pagetier(["pool", "--pages", corpus(pages), ...parts]);
  const rows = document?.results ?? [];
  if (rows.length !== ALLOCATORS.length * COMPRESSORS.length) wrong.push(`${rows.length} results`);
  report(`pool on ${pages}: ${rows.length} results (${seconds.toFixed(1)} s)`, wrong);
  for (const row of rows) {
    const ratio = ((row.storedPages * 4096) / row.poolBytes).toFixed(2);
    report(`  ${row.allocator} with ${row.compressor}: ${row.pages} pages, ${ratio} : 1`, [
      ...brokenPoolIdentities(row),
      ...(row.storedPages > 0 ? [] : ["nothing was stored"]),
    ]);
  }
}
finish();
