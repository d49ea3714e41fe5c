// What `run` and `compare` take when nobody says it, and the sentences that say so.

import { formatSize, PAGE_SIZE } from "@pagetier/base";
import { count } from "./terminal.js";

/** Less leaves no stack room for its tables. */
const MEMORY_BYTES_MIN = 2 ** 21;
const MIB = 2 ** 20;

/** Memory, and why. */
export interface MemoryChoice {
  /** As `--memory` would say it; `undefined`: the recipe's. */
  readonly memory: string | undefined;
  readonly note: string | undefined;
}

/**
 * Half of what a workload touches, if nobody says anything else: a preset's own size fits no workload in particular. A
 * recipe of the user's keeps its own.
 *
 * @param pages that the workload touches
 */
export function memoryFor(stated: string | undefined, recipes: readonly string[], pages: number): MemoryChoice {
  if (stated !== undefined || !recipes.every(isPresetName)) return { memory: stated, note: undefined };
  const touched = pages * PAGE_SIZE;
  const bytes = Math.max(MEMORY_BYTES_MIN, Math.ceil(touched / 2 / MIB) * MIB);
  const why =
    bytes > touched / 2 + MIB ? "the least that leaves room" : `half of the ${formatSize(touched)} that are touched`;
  return { memory: String(bytes), note: `Memory: ${formatSize(bytes)}, ${why}; another with --memory SIZE.` };
}

/** Recipes are paths if they contain a slash or an extension. */
function isPresetName(recipe: string): boolean {
  return !/[/\\.]/.test(recipe);
}

/** Says that the bundled pages stand in for others. */
export function bundledPagesNote(pages: number): string {
  return `Contents: the ${count(pages)} bundled pages; others with --pages FILE.`;
}

/** Says that blocks are taken as a file. */
export const FILE_NOTE = "Blocks of a device: replayed as a file behind the page cache; as memory with --space anon.";
