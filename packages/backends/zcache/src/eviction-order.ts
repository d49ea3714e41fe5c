import type { Handle } from "@pagetier/allocator";

/** Pages that are chosen at a time. A larger group goes in several choices. */
export const VICTIMS_MAX = 1024;

/** Decides in which order the zpages of one pool go. It is told of each, and asked when some must go. */
export interface EvictionOrder {
  /** Makes room in tables, before {@link add}: for pages below `pages`, and for the object. `false` when the budget has none. */
  ensure(pages: number, handle: Handle): boolean;
  /** A zpage came. */
  add(page: number, handle: Handle): void;
  /** A zpage was used, and stays. */
  touch(page: number, handle: Handle): void;
  /** Asked before the pool frees a zpage's object. */
  leaving(page: number, handle: Handle): void;
  /** The pool has freed the object of the last {@link leaving}. */
  left(): void;
  /** What shares a frame with this object is not chosen until {@link add} or {@link release}: the object is about to be added. */
  hold(handle: Handle): void;
  /** The object that {@link hold} was for was freed instead. */
  release(): void;
  /**
   * Names the zpages that should go next: all of a group, or one.
   *
   * @param pages receives their pages, {@link VICTIMS_MAX} at most
   * @returns how many, 0 when there is none
   */
  choose(pages: Uint32Array): number;
  /** Frames that come back when all of the last choice has gone; 0: that depends on others. */
  readonly chosenFrames: number;
  /** What was chosen last could not go, or not yet: it comes last from now on. */
  spare(): void;
  /** Bytes of tables, charged to the budget. */
  memoryBytes(): number;
  /** Throws AssertionError at the first broken invariant. @param zpages how many there are */
  verify(zpages: number): void;
}

/**
 * Makes an order of one's own for clean pages of files, in place of the one that `order` names.
 *
 * @param indexOf where in its file a page lies, by its number
 */
export type EphemeralOrderFactory = (indexOf: (page: number) => number) => EvictionOrder;

/** Bound by experiments alone, whose controls know what no system does. (A tsyringe token.) */
export const EPHEMERAL_ORDER: unique symbol = Symbol.for("@pagetier/backend-zcache/EphemeralOrder") as never;
