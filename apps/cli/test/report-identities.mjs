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
  const { mm, frontswap, cleancache, shrinkers } = counters;
  /** @type {(kind: string) => Record<string, any>[]} */
  const tiersOf = (kind) => tiers.filter((/** @type {any} */ tier) => tier.kind === kind);

  // The replay.
  equal(run.mismatches, 0, "every page read back is equal");
  // A file's pages are there from the beginning: nothing is filled, and a first touch is a read or write like any other.
  const filled = run.space === "file" ? 0 : run.uniquePages;
  equal(run.accesses, run.reads + run.writes + filled, "accesses are reads, writes and first touches");
  equal(run.verified + run.mismatches, run.reads + run.writes, "every read, and every write before it, was compared");
  atMost(
    Math.abs(run.accessesPerSecond * run.elapsedMs - run.accesses * 1000),
    run.accesses,
    "accessesPerSecond is accesses over time",
  );

  // Faults.
  const { pool, store, remote } = faults.majorFrom;
  equal(faults.major, pool + store + remote, "major faults come from the pool, a store or another machine");
  equal(faults.minor, filled, "each page of memory has one minor fault, its first touch");
  equal(mm.minor_faults, faults.minor, "mm counts the minor faults of the report");
  equal(mm.major_faults_from_pool, pool, "mm counts the faults from the pool of the report");
  equal(mm.major_faults_from_store, store, "mm counts the faults from stores of the report");
  equal(mm.major_faults_from_remote, remote, "mm counts the faults from other machines of the report");
  atMost(store, mm.device_reads + mm.file_reads, "a fault from a store read it");
  equal(mm.pages_scanned, mm.pages_stolen + mm.pages_kept, "a scanned page is stolen or kept");
  equal(mm.out_of_memory, 0, "no access was rejected");

  // Where pages are.
  if (run.space === "file") {
    equal(mm.resident_pages, mm.resident_file_pages, "what is resident is the file's");
    equal(mm.swapped_pages, 0, "pages of files are not swapped out");
  } else equal(mm.resident_pages + mm.swapped_pages, run.uniquePages, "a touched page is resident or swapped out");
  equal(tiersOf("memory")[0]?.pages, mm.resident_pages, "the resident tier has the resident pages");
  atMost(
    run.uniquePages,
    tiers.reduce((/** @type {number} */ sum, /** @type {any} */ tier) => sum + tier.pages, 0),
    "every page is in some tier",
  );
  const isFile = (/** @type {any} */ tier) => run.space === "file" && tier.kind === "store";
  // Of a file, pages are read ahead that the trace never touches.
  const most =
    run.space === "file" ? Math.max(...tiers.filter(isFile).map((/** @type {any} */ tier) => tier.pages)) : 0;
  for (const tier of tiers)
    atMost(tier.pages, Math.max(run.uniquePages, most), `tier ${tier.name} holds no page twice`);
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
  atMost(pool, frontswap.loads + cleancache.succ_gets, "a fault from the pool asked frontswap or cleancache");

  // Cleancache.
  equal(
    cleancache.gets,
    cleancache.succ_gets + cleancache.failed_gets + cleancache.remote_gets,
    "each get hit, missed, or is remote",
  );
  equal(mm.cleancache_puts, cleancache.puts, "mm counts the puts of cleancache");

  // zswap.
  const { zswap, zcache, ramster } = counters;
  const poolTier = tiersOf("pool")[0];
  const poolTiers = zcache !== undefined || ramster !== undefined ? 2 : zswap !== undefined ? 1 : 0;
  equal(tiersOf("pool").length, poolTiers, "zswap is one pool, zcache and ramster one for each hook");
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
    // frontswap learns that a clean page was dropped when it asks for it, and never if the page is forgotten first.
    const unnoticed = zswap.dropped_clean_pages - frontswap.clean_dropped;
    atMost(zswap.stored_pages, frontswap.curr_pages, "zswap holds nothing that frontswap does not count");
    atMost(frontswap.curr_pages, zswap.stored_pages + unnoticed, "what frontswap counts is in zswap, or was dropped");
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

  if (zcache !== undefined) checkZcache(run, equal, atMost);
  if (ramster !== undefined) checkRamster(run, equal);

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
 * Checks what zcache says of both hooks.
 *
 * @param {Record<string, any>} run
 * @param {(left: number, right: number, claim: string) => void} equal
 * @param {(left: number, right: number, claim: string) => void} atMost
 */
function checkZcache({ counters, tiers, memory }, equal, atMost) {
  const { frontswap, cleancache } = counters;
  const zcache = { ...counters["zcache.cleancache"], ...counters.zcache };
  const [persistent, ephemeral] = ["frontswap", "cleancache"].map((hook) =>
    tiers.find((/** @type {any} */ tier) => tier.hook === hook),
  );
  const refused =
    zcache.reject_limit +
    zcache.pers_put_to_flush +
    zcache.pers_compress_poor +
    zcache.pers_mean_compress_poor +
    zcache.pers_aborted_preload +
    zcache.pers_no_room;
  const left =
    zcache.invalidates +
    zcache.duplicate_entry +
    zcache.exclusive_loads +
    zcache.lost_clean_pages +
    zcache.written_back_pages +
    zcache.dropped_clean_pages;
  equal(zcache.stores, refused + zcache.stored_pages + left, "a store was refused, is stored, or has left");
  equal(zcache.stores, frontswap.succ_stores + frontswap.failed_stores, "every store of frontswap asked zcache");
  equal(zcache.loads, frontswap.loads, "every load of frontswap came from zcache");
  equal(zcache.stored_pages, frontswap.curr_pages, "zcache holds what frontswap counts");
  equal(zcache.stored_pages, persistent.pages, "the tier of frontswap has zcache's swap pages");
  equal(zcache.pers_pageframes, persistent.frames, "and their frames");
  equal(zcache.pers_zbytes, persistent.bytes, "and their bytes");

  const notKept =
    zcache.eph_nonactive_puts_ignored +
    zcache.eph_put_to_flush +
    zcache.eph_compress_poor +
    zcache.eph_aborted_preload +
    zcache.eph_no_room;
  const gone =
    zcache.eph_taken_pages +
    zcache.eph_duplicate_puts +
    zcache.eph_invalidated_pages +
    zcache.eph_lost_pages +
    zcache.evicted_eph_zpages +
    zcache.evicted_eph_markers;
  equal(zcache.eph_puts, notKept + zcache.eph_pages + gone, "a put was not kept, is there, or has gone");
  equal(zcache.eph_puts, cleancache.puts, "every put of cleancache asked zcache");
  equal(zcache.eph_succ_gets, cleancache.succ_gets, "every hit of cleancache came from zcache");
  equal(zcache.eph_failed_gets, cleancache.failed_gets, "and every miss");
  equal(zcache.eph_pages, ephemeral.pages, "the tier of cleancache has zcache's clean pages");
  equal(zcache.eph_pageframes, ephemeral.frames, "and their frames");
  equal(zcache.eph_zbytes, ephemeral.bytes, "and their bytes");
  equal(zcache.pool_pages, zcache.pers_pageframes + zcache.eph_pageframes, "the pool is both kinds");
  atMost(
    zcache.evicted_eph_wanted_again,
    zcache.evicted_eph_zpages + zcache.evicted_eph_markers,
    "who is wanted was there",
  );
  atMost(zcache.pool_pages * PAGE_SIZE, memory.budgetBytes, "the pool is within the budget");
  equal(zcache.decompress_fail, 0, "everything decompresses");
}

/**
 * Checks what RAMster says of its pages here and on other machines.
 *
 * @param {Record<string, any>} run
 * @param {(left: number, right: number, claim: string) => void} equal
 */
function checkRamster({ counters, tiers, faults }, equal) {
  const { frontswap, cleancache, ramster } = counters;
  const remote = counters["frontswap.remote"] ?? counters["cleancache.remote"];
  const tier = tiers.find((/** @type {any} */ { hook }) => hook === "frontswap");
  equal(ramster.stores, frontswap.succ_stores + frontswap.failed_stores, "every store of frontswap asked ramster");
  equal(ramster.stored_pages, frontswap.curr_pages, "ramster holds what frontswap counts");
  equal(ramster.stored_pages, tier.pages, "the tier of frontswap has ramster's pages");
  equal(
    ramster.stored_pages,
    ramster.persistent_pages + ramster.same_filled_pages + ramster.remote_persistent_pages,
    "a page is here, or a marker, or on another machine",
  );
  equal(ramster.remote_persistent_pages, remote.persistent_pages, "its machines hold what it sent them");
  equal(
    ramster.fetched_persistent_pages + ramster.fetched_ephemeral_pages,
    remote.hits,
    "every page that came back was fetched",
  );
  equal(faults.majorFrom.remote, frontswap.loads + cleancache.remote_gets - faults.majorFrom.pool, "and was a fault");
  equal(ramster.lost_pages + remote.lost, 0, "no page was lost");
  equal(ramster.decompress_fail, 0, "everything decompresses");
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
