// What is said when no page can leave: who holds what, and why nothing goes.

import { TierError } from "@pagetier/base";
import type { PageFrames } from "@pagetier/frames";
import type { PageTable } from "./page-table.js";
import type { Swap } from "./swap.js";

/** Spaces that the error names. */
const SPACES_NAMED = 3;

export interface Shortage {
  readonly frames: PageFrames;
  readonly table: PageTable;
  readonly swap: Swap;
  readonly fileWriter: { readonly lastError: Error | undefined; readonly dirtyPages: number };
  /** Spaces and files: names, and their ranges of page numbers. */
  readonly owners: readonly { readonly name: string; readonly base: number; readonly pages: number }[];
}

/** The error MM_OUT_OF_MEMORY. */
export function outOfMemory({ frames, table, swap, fileWriter, owners }: Shortage): TierError {
  const holders = Object.entries(frames.holders()).map(([name, held]) => `${name} ${held} frames`);
  const freeSlots = swap.areas.reduce((sum, area) => sum + area.freePlaces, 0);
  const lastError = swap.writer.lastError ?? fileWriter.lastError;
  const stores = swap.areas.every((area) => area.swaps().length === 0)
    ? "there is no swap store"
    : `${freeSlots === Number.POSITIVE_INFINITY ? "any number of" : freeSlots} swap slots are free${lastError === undefined ? "" : `, the last write failed (${lastError.message})`}`;
  const residents = residentsOf(owners, table);
  const most = residents.slice(0, SPACES_NAMED).map(({ name, pages }) => `${name} ${pages}`);
  const spaces = most.length === 0 ? "" : `; of resident pages most belong to ${most.join(", ")}`;
  const { dirtyPages } = fileWriter;
  const files = dirtyPages === 0 ? "" : `; ${dirtyPages} pages of files wait to be written`;
  return new TierError(
    "MM_OUT_OF_MEMORY",
    `no page can leave memory: of ${frames.total} frames ${holders.join(", ")}, ${Math.max(0, frames.free)} free, ` +
      `${frames.chargedBytes} bytes of tables and buffers${spaces}; ${stores}${files}. Give more memory or a larger swap store.`,
    {
      holders: frames.holders(),
      residents,
      total: frames.total,
      free: frames.free,
      chargedBytes: frames.chargedBytes,
      freeSlots,
    },
    { cause: lastError },
  );
}

/** Spaces and files with pages in memory, those with the most first. O(frames × spaces). */
function residentsOf(
  owners: Shortage["owners"],
  table: PageTable,
): { readonly name: string; readonly pages: number }[] {
  const ranges = owners.map(({ name, base, pages }) => ({ name, base, end: base + pages, pages: 0 }));
  table.eachResident((page) => {
    const range = ranges.find(({ base, end }) => page >= base && page < end);
    if (range !== undefined) range.pages++;
  });
  return ranges
    .filter(({ pages }) => pages > 0)
    .sort((one, other) => other.pages - one.pages)
    .map(({ name, pages }) => ({ name, pages }));
}
