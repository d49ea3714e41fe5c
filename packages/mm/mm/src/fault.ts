import type { PageId } from "./space.js";

/** A page on its way into memory, and the accesses that wait for it. */
export interface Fault {
  readonly done: Promise<void>;
  /** Done in one go with the page's arrival, in the order in which they came. */
  readonly accesses: (() => void)[];
}

/** The faults that wait, by page: an access to the same page joins. */
export type Faults = Map<PageId, Fault>;
