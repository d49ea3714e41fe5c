// A recipe of one's own: every part chosen by its factory, with its options, and a disk that is slower than this one.

import { createStack, delay, fileStore, lz4, stats, twoList, zsmalloc, zswap } from "pagetier";

const PAGES = 2048;
const PAGE_SIZE = 4096;

/** @param log where the lines go */
export async function run(log: (line: string) => void): Promise<void> {
  const stack = await createStack({
    memory: "4MiB",
    frontswap: zswap({
      allocator: zsmalloc({ chainPages: 4 }),
      compressor: lz4(),
      maxPoolPercent: 25,
      sameFilledPages: false, // count what the compressor really does
    }),
    reclaim: { policy: twoList() },
    swap: [stats({ next: delay({ readUs: 80, writeUs: 20, next: fileStore({ size: "16MiB" }) }) })],
  });
  try {
    const space = stack.space({ name: "numbers", size: PAGES * PAGE_SIZE });
    const page = new Uint8Array(PAGE_SIZE);
    const words = new Uint32Array(page.buffer);
    for (let index = 0; index < space.pages; index++) {
      // The first half of each page is noise, which no compressor shortens; the second half is zeroes.
      let noise = index + 1;
      for (let word = 0; word < words.length / 2; word++) {
        noise = (Math.imul(noise, 1_664_525) + 1_013_904_223) >>> 0;
        words[word] = noise;
      }
      await space.write(index, 0, page);
    }
    let equal = 0;
    const first = new Uint32Array(1);
    for (let index = 0; index < space.pages; index++) {
      await space.read(index, 0, new Uint8Array(first.buffer));
      if (first[0] === (Math.imul(index + 1, 1_664_525) + 1_013_904_223) >>> 0) equal++;
    }
    log(`${equal} of ${space.pages} pages read back`);

    const { tiers, counters, faults } = stack.stats();
    const pool = tiers.find((tier) => tier.kind === "pool");
    log(
      `a page in the pool takes ${pool === undefined ? 0 : Math.round(pool.bytes / pool.pages / 256) * 256} bytes or so`,
    );
    log(
      `some faults were served from the pool: ${faults.majorFrom.pool > 0}, from the file: ${faults.majorFrom.store > 0}`,
    );
    const filters = Object.keys(counters).filter((place) => place.startsWith("swap"));
    log(`the store and its filters count at ${filters.sort().join(", ")}`);
    stack.verify();
  } finally {
    await stack.close();
  }
}
