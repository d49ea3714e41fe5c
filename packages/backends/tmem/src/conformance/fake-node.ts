import type { RemoteKey, RemoteKind } from "../remote-memory.js";
import { remoteKeyName } from "../remote-memory.js";

/** A page as it travels and as it is held, with the sum that its owner made. */
export interface Parcel {
  readonly bytes: Uint8Array;
  readonly sum: number;
}

interface ForeignPage extends Parcel {
  readonly kind: RemoteKind;
  readonly object: string;
}

/** What a node answers to a put. `"late"`: a later operation of the key was seen before. */
export type PutAnswer = "stored" | "full" | "late" | "damaged";

/** One machine that holds pages for others. It orders operations by their sequence, whatever order they arrive in. */
export class FakeNode {
  reachable = true;
  full = false;
  readonly #pagesMax: number;
  #run = 1;
  readonly #pages = new Map<string, ForeignPage>();
  /** The last sequence seen, by key and by object: a flush must be remembered after its page is gone. */
  readonly #keySequences = new Map<string, number>();
  readonly #objectSequences = new Map<string, number>();

  constructor(
    readonly number: number,
    pagesMax: number,
  ) {
    this.#pagesMax = pagesMax;
  }

  /** Identity of this node's present life. */
  get generation(): string {
    return `${this.number}.${this.#run}`;
  }

  pages(kind: RemoteKind): number {
    let count = 0;
    for (const page of this.#pages.values()) if (page.kind === kind) count++;
    return count;
  }

  put(key: RemoteKey, kind: RemoteKind, sequence: number, parcel: Parcel): PutAnswer {
    if (sumOf(parcel.bytes) !== parcel.sum) return "damaged";
    const name = remoteKeyName(key);
    if (!this.#advance(key, sequence)) return "late";
    this.#pages.delete(name);
    if (this.full || !this.#makeRoom()) return "full";
    this.#pages.set(name, { kind, object: objectName(key.pool, key.object), bytes: parcel.bytes, sum: parcel.sum });
    return "stored";
  }

  get(key: RemoteKey): Parcel | undefined {
    return this.#pages.get(remoteKeyName(key));
  }

  flush(key: RemoteKey, sequence: number): void {
    if (this.#advance(key, sequence)) this.#pages.delete(remoteKeyName(key));
  }

  flushObject(pool: number, object: number, sequence: number): void {
    const name = objectName(pool, object);
    if (sequence <= (this.#objectSequences.get(name) ?? 0)) return;
    this.#objectSequences.set(name, sequence);
    for (const [key, page] of this.#pages) {
      if (page.object === name && this.#keySequences.get(key)! < sequence) this.#pages.delete(key);
    }
  }

  dropEphemeral(): void {
    for (const [name, page] of this.#pages) if (page.kind === "ephemeral") this.#pages.delete(name);
  }

  /** Comes back with nothing in memory. */
  restart(): void {
    this.#run++;
    this.#pages.clear();
    this.#keySequences.clear();
    this.#objectSequences.clear();
  }

  /** Notes the sequence. @returns whether it is later than what was seen */
  #advance(key: RemoteKey, sequence: number): boolean {
    const name = remoteKeyName(key);
    const seen = Math.max(
      this.#keySequences.get(name) ?? 0,
      this.#objectSequences.get(objectName(key.pool, key.object)) ?? 0,
    );
    if (sequence <= seen) return false;
    this.#keySequences.set(name, sequence);
    return true;
  }

  /** A full node drops an ephemeral page for any new one, a persistent page for none. */
  #makeRoom(): boolean {
    if (this.#pages.size < this.#pagesMax) return true;
    for (const [name, page] of this.#pages) {
      if (page.kind !== "ephemeral") continue;
      this.#pages.delete(name);
      return true;
    }
    return false;
  }
}

export function objectName(pool: number, object: number): string {
  return `${pool}/${object}`;
}

/** A sum by which damage shows: FNV-1a over the bytes. */
export function sumOf(bytes: Uint8Array): number {
  let sum = 0x811c9dc5;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum >>> 0;
}
