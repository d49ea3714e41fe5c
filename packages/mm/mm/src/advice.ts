import { TierError } from "@pagetier/base";

/**
 * What a program may say of a range of pages, as with madvise and posix_fadvise. None of it changes what a page reads as, but for
 * `"dontneed"` and `"free"` on anonymous memory. Advice is taken at once, for the pages as they are now; what it starts may be
 * outrun by memory pressure.
 *
 * - `"normal"`: nothing is known; what memory reads ahead follows from what was of use before. Takes back the next two.
 * - `"sequential"`: pages are used in order: every read of a device takes along as many as it may.
 * - `"random"`: nothing is read ahead, nor are these pages when others are.
 * - `"willneed"`: brings pages in, from devices, pools and other machines, while memory is free above its low watermark. A page that
 *   cannot be read is left where it is.
 * - `"cold"`: pages in memory lose what protected them and leave before others that are used (Linux: MADV_COLD).
 * - `"pageout"`: pages leave memory now: into pools, to devices, clean ones are dropped (Linux: MADV_PAGEOUT). What cannot leave stays.
 * - `"dontneed"`: anonymous pages are given up, in every tier, and read as zeroes (MADV_DONTNEED, the same as `discard`). Of files,
 *   clean pages leave memory and cleancache, dirty ones begin to be written and stay: `fsync` first to be rid of them (POSIX_FADV_DONTNEED).
 *   Linux offers such pages to cleancache; here that gives up its copies too, since it takes memory.
 * - `"free"`: of anonymous memory alone. Pages may be given up when memory is short, and read as zeroes from then on; until then they
 *   read as before, and a write keeps a page (MADV_FREE). What is swapped out is given up at once.
 */
export type Advice = "normal" | "sequential" | "random" | "willneed" | "cold" | "pageout" | "dontneed" | "free";

const OF_ALL: readonly Advice[] = ["normal", "sequential", "random", "willneed", "cold", "pageout", "dontneed"];
export const ANON_ADVICE: readonly Advice[] = [...OF_ALL, "free"];
export const FILE_ADVICE: readonly Advice[] = OF_ALL;

/** @throws TierError MM_BAD_ADVICE when it is none, or none for this kind of space */
export function mustBeAdvice(advice: Advice, known: readonly Advice[], space: string): void {
  if (known.includes(advice)) return;
  throw new TierError(
    "MM_BAD_ADVICE",
    `${String(advice)} is no advice for ${space}; give one of ${known.join(", ")}.`,
    {
      advice,
      space,
    },
  );
}
