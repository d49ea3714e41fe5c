import { type Counters, TierError } from "@pagetier/base";
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
 * Order: operations of one key take effect in the order of `sequence`, which the owner raises with each; a holder that
 * sees a lower one than before ignores it (a late flush must not kill a newer put).
 *
 * Bytes are checked end to end: what comes back differs from what was put ⇒ it is lost, not data.
 *
 * @see Linux 3.10 drivers/staging/zcache/ramster/
 */
export interface RemoteMemory {
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
   * @param expected generation of the acknowledgement; another one means the holder lost its memory in between
   * @returns what was found; `undefined` when no holder has an ephemeral page any more, and then until the next put
   * @throws TierError REMOTE_UNREACHABLE (may be tried again), REMOTE_LOST (a persistent page is gone for good)
   */
  get(key: RemoteKey, kind: RemoteKind, expected: string, into: Uint8Array): Promise<RemoteFound | undefined>;
  /** Removes a zpage; resolves when the holder did, or is known to have lost it. @throws TierError REMOTE_UNREACHABLE */
  flush(key: RemoteKey, sequence: number): Promise<void>;
  /** Removes every zpage of an object, at every holder. @throws TierError REMOTE_UNREACHABLE */
  flushObject(pool: number, object: number, sequence: number): Promise<void>;
  /** Pages held by others for this owner, by kind, as the owner's books have it. */
  remotePages(kind: RemoteKind): number;
  counters(): Counters;
  /** Throws AssertionError at the first broken invariant. */
  verify(): void;
  /** What is under way, and what comes later, ends in REMOTE_UNREACHABLE. */
  close(): Promise<void>;
}

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
