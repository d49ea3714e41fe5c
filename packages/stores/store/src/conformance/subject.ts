import assert from "node:assert/strict";
import { PAGE_SIZE, TierError } from "@pagetier/base";
import type { BackingStore, SlotStatus } from "../store.js";
import { assertSameBytes, untouchedPage } from "./pages.js";

/** Where the stores of one test live. */
export interface StorePlace {
  /**
   * Makes a store here, not opened yet, with at least 128 slots. Called again when the one before is closed: a durable
   * store then finds what was flushed.
   */
  create(): BackingStore;
  /** Removes what the stores left. */
  remove?(): void | Promise<void>;
  /**
   * For stores whose device can be made to fail: from now on, lets the `nth` operation on the device (1, 2, 3 …) fail
   * with an I/O error, all others pass. Without it the kit fails operations above the store.
   */
  failAt?(nth: number): FailureScript;
  /**
   * For stores whose device can be made to fill up: from now on it takes so many more writes, and fails all others for want
   * of space until it is stopped. Without it the kit does so above the store.
   */
  fill?(writes: number): FailureScript;
  /** For durable stores: begins to write down what reaches the device, so that the power can be cut at any point. */
  record?(): DeviceRecording;
  /** For stores that check what they read: changes what the device holds of a slot. The store is closed meanwhile. */
  corrupt?(slot: number): void | Promise<void>;
}

/** What becomes of a write that no completed flush covers when the power goes. */
export type WriteFate = "whole" | "torn" | "lost";

/** Everything that reached a device since the recording began. */
export interface DeviceRecording {
  /** Writes, flushes and whatever else changes the device, so far. */
  events(): number | Promise<number>;
  /** Ends the recording; the device stays as it is. */
  stop(): void;
  /**
   * A place whose device is as the power left it after so many events.
   *
   * @param fate of writes that were not covered by a flush of the device then; a device that does them in order may ignore it
   */
  cut(events: number, fate: (event: number) => WriteFate): StorePlace | Promise<StorePlace>;
}

/** One failure to come. */
export interface FailureScript {
  /** Whether it has come. */
  readonly fired: boolean;
  /** Lets everything pass again. */
  stop(): void;
}

/** Makes a fresh, empty place for one test. */
export type StoreFactory = () => StorePlace | Promise<StorePlace>;

/** Runs `body` on an opened store in a fresh place, then closes the store and removes the place. */
export async function withStore(
  factory: StoreFactory,
  body: (subject: Subject, place: StorePlace) => Promise<void>,
): Promise<void> {
  const place = await factory();
  const store = place.create();
  try {
    await store.open();
    await body(new Subject(store), place);
  } finally {
    await store.close();
    await place.remove?.();
  }
}

/** A store, and calls that say what they expect. */
export class Subject {
  constructor(readonly store: BackingStore) {}

  async write(slots: readonly number[], pages: readonly Uint8Array[], lent = false): Promise<void> {
    const statuses = await this.store.writePages(slots, pages, lent);
    assertStatuses(statuses, slots.length);
    for (const status of statuses) assert.equal(status, undefined, `a write in range goes well, got ${status}`);
  }

  async read(slots: readonly number[]): Promise<Uint8Array[]> {
    const pages = slots.map(untouchedPage);
    const statuses = await this.store.readPages(slots, pages);
    assertStatuses(statuses, slots.length);
    for (const status of statuses) assert.equal(status, undefined, `a read in range goes well, got ${status}`);
    return pages;
  }

  async expect(slots: readonly number[], pages: readonly Uint8Array[], claim: string): Promise<void> {
    const read = await this.read(slots);
    for (let index = 0; index < slots.length; index++) {
      assertSameBytes(read[index]!, pages[index]!, `${claim} (slot ${slots[index]})`);
    }
  }
}

/** One status per slot, each `undefined` or one of the contract's. */
export function assertStatuses(statuses: readonly SlotStatus[], count: number): void {
  assert.equal(statuses.length, count, "a call has one status per slot");
  for (const status of statuses) {
    if (status === undefined) continue;
    assert.ok(TierError.is(status), "a status is a TierError");
    assert.match(status.code, /^STORE_(IO|NO_SPACE|CORRUPT|BAD_SLOT|CLOSED)$/, "a status has a code of the contract");
  }
}

export function assertCodes(statuses: readonly SlotStatus[], codes: readonly (string | undefined)[]): void {
  assertStatuses(statuses, codes.length);
  assert.deepEqual(
    statuses.map((status) => status?.code),
    codes,
  );
}

/** A page with bytes around it that nobody may touch. */
export class GuardedPage {
  readonly #around = new Uint8Array(3 * PAGE_SIZE).fill(0x5a);
  readonly page: Uint8Array;

  /** @param shift bytes between the start of the buffer and the page's usual place, so that it is unaligned */
  constructor(shift: number) {
    this.page = this.#around.subarray(PAGE_SIZE + shift, 2 * PAGE_SIZE + shift);
  }

  assertUntouchedAround(): void {
    const from = this.page.byteOffset;
    for (let index = 0; index < this.#around.length; index++) {
      if (index >= from && index < from + PAGE_SIZE) continue;
      assert.equal(this.#around[index], 0x5a, "a read touches the page it was given and nothing else");
    }
  }
}
