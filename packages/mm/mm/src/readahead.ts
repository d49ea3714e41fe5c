// How many pages to read when one is missing.
//
// A file that is read in order should not wait for every page. A miss that continues the last read, or begins
// the file, doubles the window, 4 to 32 pages (128 KiB, as Linux reads ahead at most by default); any other miss reads one
// page and starts over. There is no second window on its way while the first is used, as there is in Linux.
// Advice goes before what was seen: pages used at random come alone, pages used in order in windows twice as large.
//
// See Linux 6.18 mm/readahead.c (get_init_ra_size, get_next_ra_size).

import type { AccessPattern } from "./access-patterns.js";
import type { CachedFile } from "./cached-file.js";

export const READAHEAD_PAGES_MIN = 4;
export const READAHEAD_PAGES_MAX = 32;

/** Pages to read from `index` on, the missing one included. The caller notes where it stopped, in `file.readaheadEnd`. */
export function readaheadWindow(file: CachedFile, index: number, pagesMax: number, pattern: AccessPattern): number {
  if (pattern === "random") return 1;
  if (pattern === "sequential") return Math.min(2 * READAHEAD_PAGES_MAX, Math.max(1, pagesMax), file.pages - index);
  const continues = index === file.readaheadEnd || index === 0;
  const wanted = continues
    ? Math.min(Math.max(READAHEAD_PAGES_MIN, file.readaheadPages * 2), READAHEAD_PAGES_MAX, Math.max(1, pagesMax))
    : 1;
  file.readaheadPages = continues ? wanted : 0;
  return Math.min(wanted, file.pages - index);
}
