/** `scanObjects`: no progress is possible without risk of deadlock; do not call again in this round. */
export const SHRINK_STOP = -1;
/** `countObjects`: truly empty, as opposed to 0 = nothing to offer now. */
export const SHRINK_EMPTY = -2;
/** Objects per scan call where a shrinker states none. */
export const DEFAULT_BATCH = 128;
/** Cost of re-creating an object, in disk seeks, where a shrinker states none. */
export const DEFAULT_SEEKS = 2;

/** What reclaim asks of a shrinker. One object, reused: read it during the call only. The last three members are the shrinker's to set. */
export interface ShrinkControl {
  /** Objects to look at in this scan call; 0 while counting. */
  nrToScan: number;
  /** 12 (gentle: 1/4096 of the cache) … 0 (all of it). */
  priority: number;
  /** Whether the shrinker may start I/O. */
  mayIo: boolean;
  /** Whether the shrinker may enter file-space code (locks of files). */
  mayFs: boolean;
  /** Objects really looked at; preset to {@link nrToScan}. Never 0 unless the answer is {@link SHRINK_STOP}. */
  nrScanned: number;
  /** Frames that this call made free, now. Preset to 0. */
  framesFreed: number;
  /** Objects on their way out through I/O that this call submitted: they free their frames later. Preset to 0. */
  submitted: number;
  /**
   * Whether the round has time left. A scan whose objects are dear asks between two of them, and ends early, with what it
   * looked at, when it has not. Left out: there is no bound.
   */
  mayGoOn?: () => boolean;
}

/**
 * A cache that gives objects back when memory is short. Both calls are synchronous and may come at any time, also while
 * I/O of an earlier one is under way. They must not take memory in a way that reclaims again.
 *
 * @see Linux 6.18 include/linux/shrinker.h, mm/shrinker.c
 */
export interface Shrinker {
  /** Name for reports, e.g. `"zswap"`. */
  readonly name: string;
  /** Cost of re-creating an object in disk seeks; default {@link DEFAULT_SEEKS}; 0 = free to re-create, trimmed hard. */
  readonly seeks?: number;
  /** Objects per scan call; default {@link DEFAULT_BATCH}. */
  readonly batch?: number;
  /** Objects that could be freed now: cheap, may be approximate, 0 when not allowed in this context, or {@link SHRINK_EMPTY}. */
  countObjects(control: ShrinkControl): number;
  /**
   * Tries `control.nrToScan` objects.
   *
   * @returns objects freed now, in the unit of {@link countObjects}, or {@link SHRINK_STOP}
   */
  scanObjects(control: ShrinkControl): number;
}

/** Sum over one round of shrinking. */
export interface ShrinkResult {
  readonly objectsFreed: number;
  readonly framesFreed: number;
  readonly submitted: number;
}

/** The registry that reclaim calls and caches register with. */
export interface Shrinkers {
  /** Adds a shrinker. Its name must be free. */
  register(shrinker: Shrinker): void;
  /** Removes it; it is not called afterwards. */
  unregister(shrinker: Shrinker): void;
  /**
   * Runs every shrinker once at this priority, in order of registration (Linux: shrink_slab).
   *
   * @param mayGoOn asked between scan calls: `false` ends the round there, and what was due is carried to the next one
   */
  shrink(priority: number, mayIo: boolean, mayFs: boolean, mayGoOn?: () => boolean): ShrinkResult;
}

/** Where caches find the registry of their stack. (A tsyringe token.) */
export const SHRINKERS: unique symbol = Symbol.for("@pagetier/shrinker/Shrinkers") as never;
