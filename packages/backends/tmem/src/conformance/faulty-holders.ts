import type { Counters } from "@pagetier/base";
import type { HolderFlush, HolderGet, HolderPut, HolderSilent, Holders } from "../holders.js";
import type { RemoteKey, RemoteKind } from "../remote-memory.js";

/** Holders whose messages are damaged, lost and held up as a test says: the faults of a kit for any holders. */
export class FaultyHolders implements Holders {
  readonly #next: Holders;
  #corruptions = 0;
  #lostReplies = 0;
  #gate: Promise<void> | undefined;
  #open: () => void = () => undefined;

  constructor(next: Holders) {
    this.#next = next;
  }

  get type(): string {
    return this.#next.type;
  }

  get places(): number {
    return this.#next.places;
  }

  /** A bit of the next parcel that travels flips. */
  corruptNext(): void {
    this.#corruptions = 1;
  }

  /** The next request is carried out, and its answer does not arrive. */
  loseReply(): void {
    this.#lostReplies = 1;
  }

  /** Requests wait until {@link release}. */
  hold(): void {
    this.#gate ??= new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#open();
    this.#gate = undefined;
  }

  open(): Promise<void> {
    return this.#next.open();
  }

  async put(place: number, key: RemoteKey, kind: RemoteKind, parcel: Uint8Array, copies: number): Promise<HolderPut> {
    await this.#gate;
    return this.#answered(await this.#next.put(place, key, kind, this.#travelled(parcel), copies));
  }

  async get(place: number, key: RemoteKey, kind: RemoteKind, sequence: number): Promise<HolderGet> {
    await this.#gate;
    const answer = this.#answered(await this.#next.get(place, key, kind, sequence));
    return answer.said === "found" ? { ...answer, parcel: this.#travelled(answer.parcel) } : answer;
  }

  async flush(place: number, key: RemoteKey, sequence: number, mayBeLate: boolean): Promise<HolderFlush> {
    await this.#gate;
    return this.#answered(await this.#next.flush(place, key, sequence, mayBeLate));
  }

  memoryBytes(): number {
    return this.#next.memoryBytes();
  }

  counters(): Counters {
    return this.#next.counters();
  }

  close(): Promise<void> {
    return this.#next.close();
  }

  #answered<Answer extends { readonly said: string }>(answer: Answer): Answer | HolderSilent {
    if (this.#lostReplies === 0 || answer.said === "silent") return answer;
    this.#lostReplies--;
    return { said: "silent", sent: true, cause: new Error("the answer was lost") };
  }

  #travelled(parcel: Uint8Array): Uint8Array {
    if (this.#corruptions === 0) return parcel;
    this.#corruptions--;
    const bytes = parcel.slice();
    bytes[bytes.length - 1]! ^= 0x10;
    return bytes;
  }
}
