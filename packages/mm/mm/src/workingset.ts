// Refault detection: was a page that comes back sent out too early?
//
// One clock for all lists counts the pages that left or were activated: the age of what is not resident. A page that
// leaves takes the clock's reading along (its shadow). When it is wanted again, the difference is how many other pages
// would have had to leave instead for it to stay. If the pages that compete with it are at least as many, it belongs
// into memory and is activated at once; and if it was such a page already when it left, memory is too small for the
// working set (thrashing), which costs its kind (see scan-balance.ts).
//
//   a page of a file competes with the active pages of files, and with anonymous pages where those can be swapped
//   an anonymous page competes with all pages of files, and with the active anonymous pages
//
// A shadow is one word per page number, part of addressing: 0 none, 1 resident and part of the working set, else the
// reading (29 bits) and whether the page was part of the working set.
//
// Source: Linux 6.18 mm/workingset.c, for one node and one memcg.

import { ChunkedWords } from "@pagetier/base";

const AGE_MASK = 2 ** 29 - 1;
const WORKINGSET = 1;
const SHADOW_SHIFT = 2;

/** What competes for memory, in pages. */
export interface Competitors {
  readonly anon: number;
  /** Anonymous pages that their policy protects. */
  readonly anonActive: number;
  readonly file: number;
  /** Pages of files that their policy protects. */
  readonly fileActive: number;
  /** Whether anonymous pages can leave. */
  readonly canSwap: boolean;
}

/** What a page that comes back tells. */
export type Refault =
  /** It never left, or so long ago that nothing is known. */
  | "unknown"
  /** It would not have been kept in any case. */
  | "distant"
  /** It should have stayed: activate it. */
  | "recent"
  /** It should have stayed, and had already come back once for that reason. */
  | "thrashing";

export class Workingset {
  readonly #shadows = new ChunkedWords();
  #age: number;

  /** @param age where the clock starts, 0 … 2^29 - 1: its wrap is far away otherwise */
  constructor(age = 0) {
    this.#age = age & AGE_MASK;
  }

  /** Bytes of shadows: addressing. */
  get bytes(): number {
    return this.#shadows.bytes;
  }

  /** A page leaves memory. */
  evict(page: number): void {
    this.#shadows.ensure(page + 1);
    const wasWorkingset = this.#shadows.get(page) === WORKINGSET;
    this.#age = (this.#age + 1) & AGE_MASK;
    this.#shadows.set(page, ((this.#age << SHADOW_SHIFT) | 2 | (wasWorkingset ? 1 : 0)) >>> 0);
  }

  /** A page that was to leave stays after all. */
  keep(page: number): void {
    if (page >= this.#shadows.capacity) return;
    const shadow = this.#shadows.get(page);
    if (shadow >= 2) this.#shadows.set(page, (shadow & 1) === 1 ? WORKINGSET : 0);
  }

  /** Nothing is to be known of the page any more: its number may come to mean another. */
  forget(page: number): void {
    if (page < this.#shadows.capacity) this.#shadows.set(page, 0);
  }

  /** A page comes into memory. */
  refault(page: number, kind: "anon" | "file", competitors: Competitors): Refault {
    if (page >= this.#shadows.capacity) return "unknown";
    const shadow = this.#shadows.get(page);
    if (shadow < 2) return "unknown";
    const distance = (this.#age - (shadow >>> SHADOW_SHIFT)) & AGE_MASK;
    if (distance > competing(kind, competitors)) {
      this.#shadows.set(page, 0);
      return "distant";
    }
    this.#age = (this.#age + 1) & AGE_MASK;
    this.#shadows.set(page, WORKINGSET);
    return (shadow & 1) === 1 ? "thrashing" : "recent";
  }
}

/** Pages that a page of the kind competes with. */
function competing(kind: "anon" | "file", among: Competitors): number {
  if (kind === "file") return among.fileActive + (among.canSwap ? among.anon : 0);
  return among.file + (among.canSwap ? among.anonActive : 0);
}
