import type { Counters } from "@pagetier/base";
import type { RemoteKey, RemoteKind } from "./remote-memory.js";

/** Most places that a page may lie at. */
export const PLACES_MAX = 16;

/** Nobody answered. */
export interface HolderSilent {
  readonly said: "silent";
  /** Whether the request may have been carried out, or may be yet. */
  readonly sent: boolean;
  readonly cause: unknown;
}

/**
 * - `"stored"`: held, and by how many machines.
 * - `"full"`: no room; nothing was stored, an older page of the key may still be there.
 * - `"late"`: a later operation of the key was seen before.
 */
export type HolderPut =
  | { readonly said: "stored"; readonly copies: number; readonly life: string }
  | { readonly said: "full" | "late" }
  | HolderSilent;

export type HolderGet =
  | { readonly said: "found"; readonly parcel: Uint8Array; readonly life: string }
  | { readonly said: "missing"; readonly life: string }
  | HolderSilent;

export type HolderFlush = { readonly said: "flushed" } | HolderSilent;

/**
 * Machines that hold pages, as {@link RemoteOwner} speaks to them. They have places, 0..places - 1; a key that was put at a place is
 * asked for there. Operations of a key at a place come one at a time; a failed one may still be carried out later.
 *
 * A holder orders by sequence: it does not carry out what comes after an operation of the key with a higher one.
 */
export interface Holders {
  /** Name as recipes write it, e.g. `"redis"`. */
  readonly type: string;
  /** 1..PLACES_MAX; may change while it runs, but a page's place stays good. */
  readonly places: number;
  /** @throws TierError REMOTE_OPEN naming the place and the remedy, when no machine can be reached */
  open(): Promise<void>;
  /** Stores a parcel (see `parcel.ts`). @param copies machines that are to hold it; fewer may be answered */
  put(place: number, key: RemoteKey, kind: RemoteKind, parcel: Uint8Array, copies: number): Promise<HolderPut>;
  /** @param sequence that of the put which is meant: who answers with an older parcel may be behind, and somebody else not */
  get(place: number, key: RemoteKey, kind: RemoteKind, sequence: number): Promise<HolderGet>;
  /** Removes a page. @param mayBeLate whether an earlier put of the key may still arrive: it must not come back */
  flush(place: number, key: RemoteKey, sequence: number, mayBeLate: boolean): Promise<HolderFlush>;
  /** Bytes of memory held for this. */
  memoryBytes(): number;
  counters(): Counters;
  close(): Promise<void>;
}
