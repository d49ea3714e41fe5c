import type { PageId } from "./space.js";

/** Watches what the core decides: for instruments, and for virtual time. Calls must neither throw nor call the core. */
export interface MmObserver {
  /** A page leaves memory: `"freed"` at once, `"queued"` when its write has settled, unless it is used before. */
  evicted?(page: PageId, outcome: "freed" | "queued"): void;
  /** A list that is a shrinker looked at a page, or took one in. (Policies are watched where they are made.) */
  looked?(): void;
  admitted?(): void;
}
