import assert from "node:assert/strict";
import { PAGE_SIZE } from "@pagetier/base";
import type { SwapClaim, SwapNeighbours, SwapRecords, SwapWriteback, WritebackOutcome } from "../swap-writeback.js";

export interface FakeSwapWritebackOptions {
  /** Pages that can be lent at a time. Default 32. */
  readonly pages?: number;
  /** Whether zpages may go down as records. Default `true`. */
  readonly records?: boolean;
  /** So many submitted pages start a write by themselves; fewer wait for `flush`. Default 8. */
  readonly clusterPages?: number;
}

interface Write {
  readonly claim: SwapClaim;
  readonly settled: (outcome: WritebackOutcome) => boolean;
  /** Bytes of a record; `undefined` for a page. */
  readonly length: number | undefined;
  /** The slot was freed while the write was under way. */
  freed: boolean;
}

/**
 * MM's half of a write-back, scripted: a test says which pages are in memory, how many can be lent, which writes fail,
 * when writes settle, and what another task does in the moment a slot is being locked. It holds backends to their half
 * of the contract by assertions.
 */
export class FakeSwapWriteback implements SwapWriteback {
  /** Pages that can be lent now. A test may set it to 0. */
  pagesFree: number;
  /** Called when a slot is claimed, before it is locked: the place of what another task does meanwhile. */
  onClaim: ((type: number, offset: number) => void) | undefined;
  /** Called with what a backend submits. */
  onSubmit: ((type: number, offset: number, page: Uint8Array) => void) | undefined;
  /** Called after a write settled, with the backend's answer. */
  onSettled: ((type: number, offset: number, outcome: WritebackOutcome, dropped: boolean) => void) | undefined;

  /** Claims that lent a page. */
  claims = 0;
  /** Claims given back unused. */
  releases = 0;
  /** Claims submitted. */
  submits = 0;

  /** Called with the record that a backend submits. */
  onSubmitRecord: ((type: number, offset: number, bytes: Uint8Array) => void) | undefined;
  /** Reads of records fail with this, while it is set. */
  readFailure: Error | undefined;
  readonly #hasRecords: boolean;
  /** Records by slot, in the order in which they were written. */
  readonly #records = new Map<string, Uint8Array>();
  readonly #clusterPages: number;
  readonly #resident = new Set<string>();
  readonly #claimed = new Map<string, SwapClaim>();
  readonly #writes: Write[] = [];
  readonly #waiting: { resolve(): void; reject(cause: unknown): void }[] = [];
  readonly #device = new Map<string, Uint8Array>();
  readonly #trusted = new Set<string>();
  #failures = 0;
  #held = false;
  #started = false;
  #broken: unknown;

  constructor(options: FakeSwapWritebackOptions = {}) {
    this.pagesFree = options.pages ?? 32;
    this.#clusterPages = options.clusterPages ?? 8;
    this.#hasRecords = options.records ?? true;
  }

  claim(type: number, offset: number): SwapClaim | "exists" | "noMemory" {
    this.onClaim?.(type, offset);
    const key = keyOf(type, offset);
    if (this.#resident.has(key) || this.#claimed.has(key)) return "exists";
    if (this.pagesFree === 0) return "noMemory";
    this.pagesFree--;
    this.claims++;
    const claim: SwapClaim = { type, offset, page: new Uint8Array(PAGE_SIZE).fill(0xee) };
    this.#claimed.set(key, claim);
    return claim;
  }

  release(claim: SwapClaim): void {
    this.#assertLent(claim);
    this.#giveBack(claim);
    this.releases++;
  }

  submit(claim: SwapClaim, settled: (outcome: WritebackOutcome) => boolean): void {
    this.#assertLent(claim);
    this.submits++;
    this.#writes.push({ claim, settled, freed: false, length: undefined });
    this.onSubmit?.(claim.type, claim.offset, claim.page);
    if (this.#writes.length >= this.#clusterPages) this.#start();
  }

  records(type: number): SwapRecords | undefined {
    if (!this.#hasRecords) return undefined;
    return { read: (offset, into, neighbours) => this.#readRecord(type, offset, into, neighbours) };
  }

  submitRecord(claim: SwapClaim, length: number, settled: (outcome: WritebackOutcome) => boolean): void {
    assert.ok(this.#hasRecords, "a record is submitted only where there are records");
    assert.ok(length >= 1 && length <= PAGE_SIZE, "a record has 1..PAGE_SIZE bytes");
    this.#assertLent(claim);
    this.submits++;
    this.#writes.push({ claim, settled, freed: false, length });
    this.onSubmitRecord?.(claim.type, claim.offset, claim.page.subarray(0, length));
    if (this.#writes.length >= this.#clusterPages) this.#start();
  }

  /** Lets a slot's record vanish, as a store does that finds it damaged and was opened again. */
  loseRecord(type: number, offset: number): void {
    this.#records.delete(keyOf(type, offset));
  }

  /** Whether there is a record of the slot. */
  hasRecord(type: number, offset: number): boolean {
    return this.#records.has(keyOf(type, offset));
  }

  track<Result>(work: Promise<Result>): Promise<Result> {
    return work; // Nobody reclaims here.
  }

  flush(): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    if (this.#writes.length === 0) return Promise.resolve();
    this.#start();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** From now on writes settle only by {@link settleNext}. */
  hold(): void {
    this.#held = true;
  }

  /** Ends {@link hold} and starts what is queued. */
  resume(): void {
    this.#held = false;
    this.#start();
  }

  /** Writes submitted and not settled. */
  get inFlight(): number {
    return this.#writes.length;
  }

  /** Claims lent and neither released nor settled. */
  get outstanding(): number {
    return this.#claimed.size;
  }

  /** Whether the slot is claimed or being written. */
  isClaimed(type: number, offset: number): boolean {
    return this.#claimed.has(keyOf(type, offset));
  }

  /** The page is in memory (or not any more): claims of its slot answer `"exists"`. */
  setResident(type: number, offset: number, resident: boolean): void {
    if (resident) this.#resident.add(keyOf(type, offset));
    else this.#resident.delete(keyOf(type, offset));
  }

  /** The next writes fail. */
  failNext(writes: number): void {
    this.#failures = writes;
  }

  /** MM wrote the slot itself (a refused store, write-through): the device is right. */
  write(type: number, offset: number, page: Uint8Array): void {
    this.#device.set(keyOf(type, offset), page.slice());
    this.#trusted.add(keyOf(type, offset));
  }

  /** MM stored the slot elsewhere: whatever the device has is older. */
  distrust(type: number, offset: number): void {
    this.#trusted.delete(keyOf(type, offset));
  }

  /** The slot was freed: a write of it that is under way settles as failed. */
  freeSlot(type: number, offset: number): void {
    this.distrust(type, offset);
    this.#records.delete(keyOf(type, offset));
    for (const write of this.#writes) {
      if (write.claim.type === type && write.claim.offset === offset) write.freed = true;
    }
  }

  /** What MM would read from the device; `undefined` when the device is not to be trusted. */
  deviceRead(type: number, offset: number): Uint8Array | undefined {
    return this.#trusted.has(keyOf(type, offset)) ? this.#device.get(keyOf(type, offset)) : undefined;
  }

  /**
   * Settles the oldest write.
   *
   * @param outcome forces it; by default it follows {@link failNext} and {@link freeSlot}
   * @returns what the backend answered; `undefined` when nothing is under way
   */
  settleNext(outcome?: WritebackOutcome): boolean | undefined {
    const write = this.#writes.shift();
    if (write === undefined) return undefined;
    const { type, offset, page } = write.claim;
    const result = outcome ?? this.#resultOf(write);
    const isPage = write.length === undefined;
    if (result === "written") {
      if (isPage) this.#device.set(keyOf(type, offset), page.slice());
      else this.#putRecord(keyOf(type, offset), page.slice(0, write.length));
    }
    this.#giveBack(write.claim);
    const dropped = write.settled(result);
    assert.ok(result === "written" || !dropped, "a backend drops its copy only after the write succeeded");
    if (dropped && isPage) this.#trusted.add(keyOf(type, offset));
    if (!dropped && !isPage) this.#records.delete(keyOf(type, offset)); // Nobody's record: the slot was freed, or is stored anew.
    this.onSettled?.(type, offset, result, dropped);
    if (this.#writes.length === 0) for (const waiter of this.#waiting.splice(0)) waiter.resolve();
    return dropped;
  }

  async #readRecord(type: number, offset: number, into: Uint8Array, neighbours?: SwapNeighbours): Promise<number> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.readFailure !== undefined) throw this.readFailure;
    const bytes = this.#records.get(keyOf(type, offset));
    if (bytes === undefined) return 0;
    into.set(bytes);
    let left = neighbours?.recordsMax ?? 0;
    for (const [key, record] of this.#records) {
      const [area, slot] = key.split(":").map(Number);
      if (left === 0 || area !== type || slot === offset) continue;
      left--;
      neighbours!.visit(slot!, record);
    }
    return bytes.length;
  }

  #putRecord(key: string, bytes: Uint8Array): void {
    this.#records.delete(key);
    this.#records.set(key, bytes);
  }

  #resultOf(write: Write): WritebackOutcome {
    if (this.#failures > 0) {
      this.#failures--;
      return "failed";
    }
    return write.freed ? "failed" : "written";
  }

  #start(): void {
    if (this.#started || this.#held || this.#writes.length === 0) return;
    this.#started = true;
    setImmediate(() => {
      this.#started = false;
      try {
        for (let left = this.#writes.length; left > 0 && !this.#held; left--) this.settleNext();
      } catch (error) {
        this.#broken = error; // The next to flush learns of it: nobody else is there to tell.
        for (const waiter of this.#waiting.splice(0)) waiter.reject(error);
      }
      this.#start();
    });
  }

  #assertLent(claim: SwapClaim): void {
    const lent = this.#claimed.get(keyOf(claim.type, claim.offset)) === claim;
    const submitted = this.#writes.some((write) => write.claim === claim);
    assert.ok(lent && !submitted, "a claim is released or submitted once");
  }

  #giveBack(claim: SwapClaim): void {
    this.#claimed.delete(keyOf(claim.type, claim.offset));
    this.pagesFree++;
  }
}

function keyOf(type: number, offset: number): string {
  return `${type}:${offset}`;
}
