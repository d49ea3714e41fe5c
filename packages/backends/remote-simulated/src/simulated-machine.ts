import { isPage, parcelSequence, type RemoteKey, type RemoteKind, remoteKeyName } from "@pagetier/tmem";
import type { SimulatedFailure } from "./options.js";

/** What a page costs its machine beside its bytes: about what an engine takes. */
const OVERHEAD_BYTES = 128;

interface Held {
  readonly parcel: Uint8Array;
  readonly kind: RemoteKind;
}

/** One machine that lends its memory. It orders by sequence, and drops pages that may be dropped when it is full. */
export class SimulatedMachine {
  readonly #number: number;
  readonly #memoryBytes: number;
  readonly #failures: SimulatedFailure[];
  readonly #pages = new Map<string, Held>();
  #life = 1;
  #usedBytes = 0;
  #dropped = 0;
  #awayUntilNs = 0;
  /** Set by a test: no room, nobody there. */
  isFull = false;
  isAway = false;

  constructor(number: number, memoryBytes: number, failures: readonly SimulatedFailure[]) {
    this.#number = number;
    this.#memoryBytes = memoryBytes;
    this.#failures = failures.filter(({ machine }) => machine === number).sort((a, b) => a.atMs - b.atMs);
  }

  get life(): string {
    return `${this.#number}.${this.#life}`;
  }

  /** Pages held, tombstones apart. */
  get pages(): number {
    let pages = 0;
    for (const { parcel } of this.#pages.values()) if (isPage(parcel)) pages++;
    return pages;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get dropped(): number {
    return this.#dropped;
  }

  get restarts(): number {
    return this.#life - 1;
  }

  /** Lets happen what was to happen until now. @returns whether the machine can be reached */
  isThere(nowNs: number): boolean {
    for (let next = this.#failures[0]; next !== undefined && next.atMs * 1e6 <= nowNs; next = this.#failures[0]) {
      this.#failures.shift();
      if (next.what === "restart") this.restart();
      else
        this.#awayUntilNs = Math.max(this.#awayUntilNs, (next.atMs + (next.forMs ?? Number.POSITIVE_INFINITY)) * 1e6);
    }
    return !this.isAway && nowNs >= this.#awayUntilNs;
  }

  put(key: RemoteKey, kind: RemoteKind, parcel: Uint8Array): "stored" | "full" | "late" {
    const name = remoteKeyName(key);
    if (this.#isLate(name, parcelSequence(parcel))) return "late";
    if (this.isFull) return "full"; // What is there stays, as with an engine.
    const before = this.#pages.get(name);
    const needed = costOf(parcel) - (before === undefined ? 0 : costOf(before.parcel));
    if (!this.#makeRoom(needed)) return "full";
    this.#remove(name);
    this.#pages.set(name, { parcel, kind });
    this.#usedBytes += costOf(parcel);
    return "stored";
  }

  get(key: RemoteKey): Uint8Array | undefined {
    return this.#pages.get(remoteKeyName(key))?.parcel;
  }

  /** @param stone a tombstone that takes the page's place */
  flush(key: RemoteKey, sequence: number, stone: Uint8Array | undefined): void {
    const name = remoteKeyName(key);
    if (this.#isLate(name, sequence)) return;
    this.#remove(name);
    if (stone === undefined) return;
    this.#pages.set(name, { parcel: stone, kind: "ephemeral" });
    this.#usedBytes += costOf(stone);
  }

  dropEphemeral(): void {
    for (const [name, { kind }] of this.#pages) if (kind === "ephemeral") this.#remove(name);
  }

  restart(): void {
    this.#life++;
    this.#pages.clear();
    this.#usedBytes = 0;
  }

  #isLate(name: string, sequence: number): boolean {
    const there = this.#pages.get(name);
    return there !== undefined && parcelSequence(there.parcel) > sequence;
  }

  #makeRoom(bytes: number): boolean {
    if (this.#usedBytes + bytes <= this.#memoryBytes) return true;
    for (const [name, { kind }] of this.#pages) {
      if (kind !== "ephemeral") continue;
      this.#remove(name);
      this.#dropped++;
      if (this.#usedBytes + bytes <= this.#memoryBytes) return true;
    }
    return false;
  }

  #remove(name: string): void {
    const held = this.#pages.get(name);
    if (held === undefined) return;
    this.#usedBytes -= costOf(held.parcel);
    this.#pages.delete(name);
  }
}

function costOf(parcel: Uint8Array): number {
  return parcel.length + OVERHEAD_BYTES;
}
