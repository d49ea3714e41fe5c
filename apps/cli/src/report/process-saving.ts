import { formatSize, PAGE_SIZE } from "@pagetier/base";
import type { PoolResult } from "../measure-pool.js";
import type { ProcessMemory } from "../process-memory.js";
import { count } from "../terminal.js";

/** Samples below this overstate what tables, codec buffers and half-empty zspages take of a large pool. */
const SAMPLE_PAGES_FAIR = 8192;

/** What compressing a process' memory would save: `process` in `pool --pid --json`. */
export interface ProcessSaving {
  readonly pid: number;
  readonly command: string;
  readonly residentPages: number;
  readonly measuredPages: number;
  readonly runs: number;
  readonly swappedPages: number;
  readonly unreadablePages: number;
  /** Whether the kernel told which pages are in RAM; else pages of zeros were left out. */
  readonly exact: boolean;
  /** For each result in turn: what all resident pages would take in the pool, from the measured ones. */
  readonly estimates: readonly Estimate[];
}

export interface Estimate {
  readonly compressor: string;
  readonly allocator: string;
  readonly poolBytes: number;
  readonly savedBytes: number;
  readonly savedPercent: number;
  readonly loadMBps: number;
}

/** Extends what was measured to the whole process. */
export function savingOf(memory: ProcessMemory, results: readonly PoolResult[]): ProcessSaving {
  const { pid, command, residentPages, runs, swappedPages, unreadablePages, exact } = memory;
  const residentBytes = residentPages * PAGE_SIZE;
  return {
    pid,
    command,
    residentPages,
    measuredPages: memory.pages,
    runs,
    swappedPages,
    unreadablePages,
    exact,
    estimates: results.map((result) => {
      // What a pool refuses stays as it is.
      const keptBytes = result.poolBytes + result.rejectedPages * PAGE_SIZE;
      const share = keptBytes / (result.pages * PAGE_SIZE);
      return {
        compressor: result.compressor,
        allocator: result.allocator,
        poolBytes: Math.round(share * residentBytes),
        savedBytes: Math.round((1 - share) * residentBytes),
        savedPercent: 100 * (1 - share),
        loadMBps: result.loadMBps,
      };
    }),
  };
}

/** The answer in words. */
export function savingSentences(saving: ProcessSaving): string[] {
  const { pid, command, residentPages, measuredPages, estimates } = saving;
  const sentences = [
    `Process ${pid} (${command}) holds ${formatSize(residentPages * PAGE_SIZE)} of anonymous memory in RAM.`,
  ];
  const densest = [...estimates].sort((a, b) => b.savedBytes - a.savedBytes)[0];
  const fastest = [...estimates].sort((a, b) => b.loadMBps - a.loadMBps)[0];
  for (const [index, estimate] of [densest, fastest].entries()) {
    if (estimate === undefined || (index === 1 && estimate === densest)) continue;
    const { compressor, allocator, poolBytes, savedBytes, savedPercent, loadMBps } = estimate;
    const gain =
      savedBytes > 0
        ? `${formatSize(savedBytes)} (${savedPercent.toFixed(0)} %) would be saved`
        : "nothing would be saved";
    sentences.push(
      `Compressed with ${compressor} into ${allocator} all of it would take ${formatSize(poolBytes)}: ${gain}, ` +
        `and pages come back at ${count(loadMBps)} MB per CPU second.`,
    );
  }
  if (measuredPages < residentPages) {
    sentences.push(
      `Measured on ${count(measuredPages)} of ${count(residentPages)} pages, in ${count(saving.runs)} runs of up to 64 neighbours spread evenly; --limit-pages takes more.`,
    );
  }
  if (measuredPages < residentPages && measuredPages < SAMPLE_PAGES_FAIR) {
    sentences.push(
      `So small a sample makes the saving look smaller than it is: what a pool takes once (tables, codecs, half-empty groups of frames) was multiplied too. Measure ${count(SAMPLE_PAGES_FAIR)} pages or more.`,
    );
  }
  if (saving.swappedPages > 0) sentences.push(`${count(saving.swappedPages)} pages are in swap already and left out.`);
  if (saving.unreadablePages > 0) {
    sentences.push(`${count(saving.unreadablePages)} pages cannot be read ([vvar] and the like) and are left out.`);
  }
  if (!saving.exact) {
    sentences.push("The kernel does not tell here which pages are in RAM, so pages of zeros are left out.");
  }
  return sentences;
}
