import type { Zpool } from "@pagetier/allocator";
import { formatSize, PAGE_SIZE } from "@pagetier/base";
import type { Compressor } from "@pagetier/compressor";
import type { PageFrames } from "@pagetier/frames";
import { openPages } from "@pagetier/trace";
import Table from "cli-table3";
import type { Command } from "commander";
import { CommandError, EXIT_FAILED, preparing } from "../exit.js";
import { measurePool, type PoolResult } from "../measure-pool.js";
import { parseNodes, preparePart } from "../plugin-part.js";
import { count, print, printJson, progressBar } from "../terminal.js";

interface PoolFlags {
  readonly pages: string;
  readonly allocator: string;
  readonly compressor: string;
  readonly json?: boolean;
}

export function addPool(program: Command, signal: AbortSignal): void {
  program
    .command("pool")
    .description("pack the pages of a file with every allocator and compressor, read them back, and compare")
    .requiredOption("--pages <file>", "page contents: a flat file of 4096-byte pages, also .gz and .zst")
    .option("--allocator <names>", "allocators, separated by commas; options as name:key=value", "zsmalloc,kmalloc")
    .option("--compressor <names>", "compressors, separated by commas", "lz4,lz4js,deflate")
    .option("--json", "print one JSON document on standard output")
    .action(async (flags: PoolFlags) => {
      const { pages, allocators, compressors } = await preparing(async () => ({
        allocators: await Promise.all(
          parseNodes(flags.allocator).map((node) => preparePart<{ frames: PageFrames }, Zpool>("allocator", node)),
        ),
        compressors: await Promise.all(
          parseNodes(flags.compressor).map((node) => preparePart<object, Compressor>("compressor", node)),
        ),
        pages: await openPages(flags.pages),
      }));
      const results: PoolResult[] = [];
      for (const compressor of compressors) {
        for (const allocator of allocators) {
          const progress = progressBar(`${allocator.name}+${compressor.name}`);
          try {
            results.push(
              await measurePool(pages, allocator, compressor, (done) => progress.update(done, pages.pages), signal),
            );
          } finally {
            progress.stop();
          }
        }
      }
      if (flags.json) printJson({ results });
      else {
        print(`${count(pages.pages)} pages (${formatSize(pages.pages * PAGE_SIZE)}) of ${pages.name}`);
        print(poolTable(results));
      }
      const wrong = results.reduce((sum, result) => sum + result.mismatches, 0);
      if (wrong > 0) throw new CommandError(EXIT_FAILED, `${count(wrong)} pages did not come back equal.`);
    });
}

function poolTable(results: readonly PoolResult[]): string {
  const table = new Table({
    head: [
      "compressor",
      "allocator",
      "compressed",
      "pool",
      "tables",
      "pages : pool",
      "stored",
      "raw",
      "same",
      "store MB/s",
      "load MB/s",
      "equal",
    ],
    colAligns: [
      "left",
      "left",
      "right",
      "right",
      "right",
      "right",
      "right",
      "right",
      "right",
      "right",
      "right",
      "right",
    ],
    style: { head: [], border: [], compact: true },
  });
  for (const result of results) {
    table.push([
      result.compressor,
      result.allocator,
      formatSize(result.compressedBytes),
      formatSize(result.poolPages * PAGE_SIZE),
      formatSize(result.metadataBytes),
      `${((result.storedPages * PAGE_SIZE) / result.poolBytes).toFixed(2)} : 1`,
      count(result.storedPages),
      count(result.incompressiblePages),
      count(result.sameFilledPages),
      count(result.storeMBps),
      count(result.loadMBps),
      result.mismatches === 0 ? "all" : `${count(result.mismatches)} WRONG`,
    ]);
  }
  return table.toString();
}
