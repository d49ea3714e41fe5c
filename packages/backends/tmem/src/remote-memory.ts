import {
  type Accountant,
  type Clock,
  type Counters,
  type PluginDescriptor,
  type Prng,
  type Scheduler,
  TierError,
} from "@pagetier/base";

/** Version of this contract; plugins state the one they were written for. */
export const REMOTE_CONTRACT = 1;

import type { TmemKind } from "./tmem.js";

/**
 * - `"persistent"`: must be kept until flushed.
 * - `"ephemeral"`: may be dropped by the holder at any time.
 */
export type RemoteKind = TmemKind;

/** Names a zpage at a holder. Objects group pages that are flushed together (a file, a part of a swap area). */
export interface RemoteKey {
  /** Who lends out: the owner's pool. 0..2^32 - 1. */
  readonly pool: number;
  readonly object: number;
  readonly index: number;
}

/** What a holder promised. The put survives the loss of `copies - 1` nodes, as long as `generation` is that of a later answer. */
export interface RemoteAcknowledgement {
  /** Nodes that hold the bytes, 1 or more. */
  readonly copies: number;
  /** Identity of the holder's run. A holder that restarted without its memory answers with another one. */
  readonly generation: string;
}

/** A page that a holder gave back. */
export interface RemoteFound {
  /** Bytes copied into the caller's buffer, 1..PAGE_SIZE. */
  readonly length: number;
  readonly generation: string;
}

/**
 * Other machines' memory. Everything is asynchronous; the owner keeps its local zpage until a put was acknowledged.
 *
 * Order: operations of one key take effect in the order of `sequence`. The owner numbers all its operations in one rising
 * order, from 1, and calls in that order; what comes with a lower number than a later operation of the key is late and
 * ignored (a late flush must not kill a newer put).
 *
 * Bytes are checked end to end: what comes back differs from what was put ⇒ it is lost, not data.
 *
 * @see Linux 3.10 drivers/staging/zcache/ramster/
 */
export interface RemoteMemory {
  /** Name as recipes write it, e.g. `"redis"`. */
  readonly type: string;
  /** Connects. Comes once, before anything else. @throws TierError REMOTE_OPEN naming the place and the remedy */
  open(): Promise<void>;
  /**
   * Puts a zpage, replacing an older one of the key. However it ends, the older one is not given back any more.
   *
   * @param bytes 1..PAGE_SIZE of them; copied before the call returns
   * @param copies nodes that must hold it before the put counts, 1 or more
   * @throws TierError REMOTE_FULL (no holder has room; nothing is held), REMOTE_UNREACHABLE (unknown whether it was stored:
   *   the owner must flush before it relies on the key's absence), REMOTE_NOT_ACKNOWLEDGED (fewer copies than asked, or
   *   overtaken by a later operation of the key; as unknown)
   */
  put(
    key: RemoteKey,
    kind: RemoteKind,
    sequence: number,
    bytes: Uint8Array,
    copies: number,
  ): Promise<RemoteAcknowledgement>;
  /**
   * Reads a zpage into `into` (at least `PAGE_SIZE` bytes).
   *
   * @param expected generation of the acknowledgement; that of another put finds the page lost
   * @returns what was found; `undefined` when no holder has an ephemeral page any more, and then until the next put
   * @throws TierError REMOTE_UNREACHABLE (may be tried again), REMOTE_LOST (a persistent page is gone for good)
   */
  get(key: RemoteKey, kind: RemoteKind, expected: string, into: Uint8Array): Promise<RemoteFound | undefined>;
  /** Removes a zpage; resolves when the holder did, or is known to have lost it. @throws TierError REMOTE_UNREACHABLE */
  flush(key: RemoteKey, sequence: number): Promise<void>;
  /** Removes every zpage of an object, at every holder. @throws TierError REMOTE_UNREACHABLE */
  flushObject(pool: number, object: number, sequence: number): Promise<void>;
  /**
   * As {@link flush}, for those who cannot wait: from now on the page is gone; what its holders have of it goes with the next
   * {@link sweep}s. Costs no message now, and never fails.
   */
  forget(key: RemoteKey, sequence: number): void;
  /** As {@link flushObject}, likewise. */
  forgetObject(pool: number, object: number, sequence: number): void;
  /**
   * Asks again where something may lie that nobody needs: pages that were forgotten, and what
   * operations that went unanswered may have left. Once everybody can be reached
   * nothing is left. @param pages most keys to look after now @returns keys of which nothing is left
   */
  sweep(pages: number): Promise<number>;
  /** Keys that {@link sweep} is for. */
  readonly strays: number;
  /** Bytes of memory that this takes for itself, as charged to the budget. */
  memoryBytes(): number;
  /** Pages held by others for this owner, by kind, as the owner's books have it. */
  remotePages(kind: RemoteKind): number;
  counters(): Counters;
  /** Throws AssertionError at the first broken invariant. */
  verify(): void;
  /** What is under way, and what comes later, ends in REMOTE_UNREACHABLE. */
  close(): Promise<void>;
}

/** What remote memory is made from. */
export interface RemoteParts {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  /** Folder against which relative paths resolve. */
  readonly directory: string;
  /** Pays for the records of pages that are away. */
  readonly accountant: Accountant;
}

export type RemotePlugin<Options> = PluginDescriptor<RemoteParts, Options, RemoteMemory>;

/** Where a backend finds its remote memory. (A tsyringe token.) */
export const REMOTE_MEMORY: unique symbol = Symbol.for("@pagetier/tmem/RemoteMemory") as never;

/** Writes a key as messages do: pool/object/index. */
export function remoteKeyName(key: RemoteKey): string {
  return `${key.pool}/${key.object}/${key.index}`;
}

/** The error for a holder that cannot be asked, or did not answer. */
export function remoteUnreachable(key: RemoteKey, reason: string, cause?: unknown): TierError {
  return new TierError(
    "REMOTE_UNREACHABLE",
    `no holder of the remote page ${remoteKeyName(key)} answers: ${reason}; try again once it is back`,
    { ...key },
    { cause },
  );
}

/** The error for a persistent page that no holder has any more. */
export function remoteLost(key: RemoteKey, reason: string, cause?: unknown): TierError {
  return new TierError(
    "REMOTE_LOST",
    `the remote page ${remoteKeyName(key)} is lost: ${reason}`,
    { ...key },
    { cause },
  );
}

/** The error for a put that no holder has room for. */
export function remoteFull(key: RemoteKey, reason: string): TierError {
  return new TierError("REMOTE_FULL", `the remote page ${remoteKeyName(key)} has no place: ${reason}`, { ...key });
}

/** The error for a put that fewer machines hold than were asked for, or that a later operation overtook. */
export function remoteNotAcknowledged(key: RemoteKey, held: number, copies: number): TierError {
  return new TierError(
    "REMOTE_NOT_ACKNOWLEDGED",
    `${held} of ${copies} copies of the remote page ${remoteKeyName(key)} were acknowledged; flush it before the next use`,
    { ...key, held, copies },
  );
}
