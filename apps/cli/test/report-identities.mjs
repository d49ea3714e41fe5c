// What must add up in the JSON documents of `run`, `compare` and `pool`. Plain JavaScript, because the acceptance checks
// use it too. Each function answers one sentence per broken identity; an empty list: everything adds up.

const PAGE_SIZE = 4096;

/**
 * Checks one run that went through to its end.
 *
 * @param {Record<string, any>} run a document of `run --json`, or one of the runs of `compare --json`
 * @returns {string[]}
 */
export function brokenIdentities(run) {
  const broken = [];
  /** @type {(left: number, right: number, claim: string) => void} */
  const equal = (left, right, claim) => {
    if (left !== right) broken.push(`${claim}: ${left} and ${right}`);
  };
  /** @type {(left: number, right: number, claim: string) => void} */
  const atMost = (left, right, claim) => {
    if (!(left <= right)) broken.push(`${claim}: ${left} and ${right}`);
  };
  const { faults, memory, stall, tiers, counters } = run;
  const { mm, frontswap, shrinkers } = counters;
  /** @type {(kind: string) => Record<string, any>[]} */
  const tiersOf = (kind) => tiers.filter((/** @type {any} */ tier) => tier.kind === kind);

  // The replay.
  equal(run.mismatches, 0, "every page read back is equal");
  equal(run.accesses, run.reads + run.writes + run.uniquePages, "accesses are reads, writes and first touches");
  equal(run.verified + run.mismatches, run.reads + run.writes, "every read, and every write before it, was compared");
  atMost(
    Math.abs(run.accessesPerSecond * run.elapsedMs - run.accesses * 1000),
    run.accesses,
    "accessesPerSecond is accesses over time",
  );

  // Faults.
  const { pool, store, remote } = faults.majorFrom;
  equal(faults.major, pool + store + remote, "major faults come from the pool, a store or another machine");
  equal(faults.minor, run.uniquePages, "each page has one minor fault, its first touch");
  equal(mm.minor_faults, faults.minor, "mm counts the minor faults of the report");
  equal(mm.major_faults_from_pool, pool, "mm counts the faults from the pool of the report");
  equal(mm.major_faults_from_store, store, "mm counts the faults from stores of the report");
  equal(mm.major_faults_from_remote, remote, "mm counts the faults from other machines of the report");
  atMost(store, mm.device_reads, "a fault from a store read it");
  equal(mm.pages_scanned, mm.pages_stolen + mm.pages_kept, "a scanned page is stolen or kept");
  equal(mm.out_of_memory, 0, "no access was rejected");

  // Where pages are.
  equal(mm.resident_pages + mm.swapped_pages, run.uniquePages, "a touched page is resident or swapped out");
  equal(tiersOf("memory")[0]?.pages, mm.resident_pages, "the resident tier has the resident pages");
  atMost(
    run.uniquePages,
    tiers.reduce((/** @type {number} */ sum, /** @type {any} */ tier) => sum + tier.pages, 0),
    "every page is in some tier",
  );
  for (const tier of tiers) atMost(tier.pages, run.uniquePages, `tier ${tier.name} holds no page twice`);
  equal(tiersOf("memory")[0]?.bytes, mm.resident_pages * PAGE_SIZE, "a resident page has its bytes");

  // Memory.
  const frames = Object.values(memory.holders).reduce((sum, held) => Number(sum) + Number(held), 0);
  atMost(memory.peakBytes, memory.budgetBytes, "the peak is within the budget");
  atMost(Number(frames) * PAGE_SIZE, memory.peakBytes, "the frames held now are within the peak");
  equal(memory.holders.resident, tiersOf("memory")[0]?.frames, "the resident tier's frames are those that mm holds");
  atMost(memory.rssStartBytes, memory.rssPeakBytes, "the process's peak is at least its start");
  atMost(stall.fullMs, stall.someMs, "where all wait, some wait");

  // Frontswap.
  equal(
    frontswap.curr_pages,
    frontswap.succ_stores -
      frontswap.invalidates -
      frontswap.dup_invalidations -
      frontswap.exclusive_loads -
      frontswap.clean_dropped -
      frontswap.forgotten -
      frontswap.area_invalidated,
    "a page that frontswap took is there or left in one of its ways",
  );
  atMost(pool, frontswap.loads, "a fault from the pool loaded from frontswap");

  // zswap.
  const { zswap } = counters;
  const poolTier = tiersOf("pool")[0];
  equal(tiersOf("pool").length, zswap === undefined ? 0 : 1, "zswap is the only pool");
  if (zswap !== undefined && poolTier !== undefined) {
    const refused =
      zswap.reject_limit + zswap.reject_alloc_fail + zswap.reject_kmemcache_fail + zswap.reject_compress_poor;
    const left =
      zswap.invalidates +
      zswap.duplicate_entry +
      zswap.exclusive_loads +
      zswap.written_back_pages +
      zswap.dropped_clean_pages;
    equal(zswap.stores, refused + zswap.stored_pages + left, "a store was refused, is stored, or has left");
    equal(zswap.stores, frontswap.succ_stores + frontswap.failed_stores, "every store of frontswap asked zswap");
    equal(refused, frontswap.failed_stores, "what zswap refused failed");
    equal(zswap.loads, frontswap.loads, "every load of frontswap came from zswap");
    equal(zswap.stored_pages, frontswap.curr_pages, "zswap holds what frontswap counts");
    equal(zswap.stored_pages, poolTier.pages, "the pool tier has zswap's pages");
    equal(zswap.pool_pages, poolTier.frames, "the pool tier has the pool's frames");
    equal(zswap.compressed_bytes + zswap.raw_bytes, poolTier.bytes, "the pool tier has the bytes of zswap's pages");
    atMost(
      zswap.compressed_bytes + zswap.raw_bytes,
      zswap.pool_pages * PAGE_SIZE,
      "the pool's frames have room for what is in them",
    );
    atMost(
      zswap.same_filled_pages + zswap.incompressible_pages,
      zswap.stored_pages,
      "same-filled and incompressible pages are stored pages",
    );
    equal(zswap.decompress_fail, 0, "everything decompresses");
  }

  // The device.
  const swap = counters["swap[0]"];
  if (swap !== undefined) {
    equal(swap.written_pages, mm.device_writes, "the store wrote what mm gave it");
    equal(swap.read_pages, mm.device_reads, "the store read what mm asked for");
    equal(swap.failed_slots, 0, "no slot of the store failed");
    atMost(tiersOf("store")[0]?.pages, swap.held_pages, "the store holds the pages of its tier");
  }
  atMost(mm.device_write_clusters, mm.device_writes, "a cluster has a page");
  atMost(shrinkers.scans, shrinkers.counts, "what is scanned was counted");
  return broken;
}

/**
 * Checks one row of `pool --json`.
 *
 * @param {Record<string, any>} row
 * @returns {string[]}
 */
export function brokenPoolIdentities(row) {
  const broken = [];
  const name = `${row.allocator} with ${row.compressor}`;
  if (row.mismatches !== 0) broken.push(`${name}: ${row.mismatches} pages did not come back equal`);
  if (row.pages !== row.storedPages + row.rejectedPages) broken.push(`${name}: a page is stored or rejected`);
  if (row.poolBytes !== row.poolPages * PAGE_SIZE + row.metadataBytes)
    broken.push(`${name}: a pool is its frames and its tables`);
  if (row.sameFilledPages + row.incompressiblePages > row.storedPages)
    broken.push(`${name}: same-filled and incompressible pages are stored pages`);
  if (row.rawBytes !== row.incompressiblePages * PAGE_SIZE)
    broken.push(`${name}: an incompressible page is stored raw`);
  if (row.compressedBytes + row.rawBytes > row.poolPages * PAGE_SIZE)
    broken.push(`${name}: the frames have room for what is in them`);
  const compressed = row.storedPages - row.sameFilledPages - row.incompressiblePages;
  if (row.compressedBytes >= compressed * PAGE_SIZE && compressed > 0)
    broken.push(`${name}: what counts as compressed is shorter than before`);
  return broken;
}
