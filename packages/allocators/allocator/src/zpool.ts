import { type Branded, PAGE_SIZE, type PluginDescriptor } from "@pagetier/base";
import type { PageFrames } from "@pagetier/frames";

/** Version of this contract; plugins state the one they were written for. */
export const ZPOOL_CONTRACT = 1;

/** Names one live object of one pool. Opaque, a positive integer below 2^32; valid from `malloc` until `free`, wherever the object moves. */
export type Handle = Branded<number, "@pagetier/allocator/Handle">;
/** `malloc`: no frame can be had now. Never a handle. (Linux: -ENOMEM.) */
export const NO_HANDLE = 0 as Handle;
/** `malloc`: this size never fits this pool. Never a handle. (Linux: -ENOSPC.) */
export const TOO_LARGE = -1 as Handle;

/** Names a group: the smallest set of objects whose freeing returns whole frames. A positive integer, stable while the group lives. */
export type Group = Branded<number, "@pagetier/allocator/Group">;
/** No group. */
export const NO_GROUP = 0 as Group;

/** Room that {@link Zpool.readAround} needs in its target: an object lies in at most two frames. */
export const READ_AROUND_BYTES = 2 * PAGE_SIZE;

/**
 * Packs zpages into page frames. It never evicts, never calls back and knows no recency; that is reclaim's.
 *
 * Bytes are copied; no view is lent or made. A pool takes its frames from the page frames it was given, with the
 * context `"reclaim"` (it is called while memory is short), and charges its tables there.
 */
export interface Zpool {
  /** Name as recipes write it, e.g. `"zsmalloc"`. */
  readonly type: string;
  /** Largest `size` that `malloc` accepts, in bytes, 1..PAGE_SIZE. */
  readonly maxSize: number;
  /**
   * Reserves `size` bytes.
   *
   * @param size 1..PAGE_SIZE; other values break the contract
   * @returns a handle; {@link NO_HANDLE} when no frame can be had; {@link TOO_LARGE} when `size > maxSize`. In the last
   *   two cases nothing changed.
   */
  malloc(size: number): Handle;
  /** Releases an object. Its handle is dead afterwards and may be issued again; frames that hold nothing go back at once. */
  free(handle: Handle): void;
  /**
   * Copies `source[start .. start + length)` into the object; `length` is 1..its size. Bytes of `source` right after the
   * range may be read (and stored as slack), never bytes outside `source`.
   */
  write(handle: Handle, source: Uint8Array, start: number, length: number): void;
  /**
   * Copies the object to `target[start ..)`, no byte more.
   *
   * @returns bytes copied: {@link sizeOf} the object
   */
  read(handle: Handle, target: Uint8Array, start: number): number;
  /**
   * Copies the object, and whatever lies around it in its frames, somewhere into `target`: faster than {@link read}.
   *
   * @param target at least {@link READ_AROUND_BYTES} long; all of it may be overwritten
   * @returns where the object starts in `target`, 0..target.length - sizeOf(handle)
   */
  readAround(handle: Handle, target: Uint8Array): number;
  /** The size given to `malloc`, in bytes. */
  sizeOf(handle: Handle): number;
  /** Frames held, free space inside them included. O(1). */
  totalFrames(): number;
  /** Bytes of tables beside the frames (handles, descriptors, scratch). What the pool charged to the frames' budget. O(1). */
  metadataBytes(): number;
  /** Group of an object. It may change when `compact` moves the object. */
  groupOf(handle: Handle): Group;
  /**
   * Lists the live objects of a group.
   *
   * @param into receives handles from index 0; objects beyond its length are left out
   * @returns objects in the group, which may be more than fit `into`; 0 for a group that no longer lives
   */
  groupHandles(group: Group, into: Uint32Array): number;
  /** Frames that freeing all objects of the group returns; 0 for a group that no longer lives. */
  groupFrames(group: Group): number;
  /**
   * Moves objects together so that frames become empty. Data is never dropped, handles stay valid.
   *
   * @param budgetFrames stop after this many frames were freed
   * @returns frames freed; 0 when there is nothing to gain, or the algorithm cannot move objects
   */
  compact(budgetFrames: number): number;
  /** Where the bytes went: a snapshot, O(frames). */
  stats(): ZpoolStats;
  /** Walks every structure; throws AssertionError at the first broken invariant. O(objects + frames). */
  verify(): void;
  /** Gives every frame and table back; all handles are dead. The pool must not be used afterwards. */
  destroy(): void;
}

/**
 * Density of a pool and its waste by cause, in bytes. Identity: `frames × PAGE_SIZE = storedBytes + roundingBytes +
 * partialBytes + overheadBytes`.
 */
export interface ZpoolStats {
  readonly frames: number;
  readonly objects: number;
  /** Sum of the sizes of live objects. */
  readonly storedBytes: number;
  /** Lost inside objects: size class or chunk minus size. */
  readonly roundingBytes: number;
  /** Free room for further objects in frames that hold some. */
  readonly partialBytes: number;
  /** Headers in frames and tails too short for another object. */
  readonly overheadBytes: number;
  /** Tables beside the frames; as {@link Zpool.metadataBytes}. */
  readonly metadataBytes: number;
  /** Per size class, for allocators that have them, smallest first. */
  readonly classes: readonly ZpoolClassStats[];
}

export interface ZpoolClassStats {
  /** Object size of the class, bytes. */
  readonly size: number;
  readonly framesPerGroup: number;
  readonly objectsPerGroup: number;
  readonly groups: number;
  readonly objects: number;
  /** Groups by fullness in tenths: index 0 is up to 10 % used, 9 is above 90 % but not full, 10 is full. */
  readonly fullness: readonly number[];
}

/** An allocator is given the page frames of its stack. */
export type AllocatorPlugin<Options> = PluginDescriptor<{ readonly frames: PageFrames }, Options, Zpool>;

/** Where a composition root finds the pool of a node. (A tsyringe token; contracts need no container.) */
export const ZPOOL: unique symbol = Symbol.for("@pagetier/allocator/Zpool") as never;
