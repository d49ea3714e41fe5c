import assert from "node:assert/strict";
import { TierError } from "@pagetier/base";
import type { TestRunner } from "@pagetier/base/testing";
import { FailingStore } from "./failing-store.js";
import { assertSameBytes, makePage, untouchedPage, ZEROES } from "./pages.js";
import { assertStatuses, type FailureScript, type StoreFactory, Subject } from "./subject.js";

/** More operations than the scenario has. */
const OPERATIONS_MAX = 2000;
const SLOTS = 34;

/** The n-th operation fails, for n = 1, 2, 3 … until the scenario gets through without. */
export function failures({ describe, test }: TestRunner, factory: StoreFactory): void {
  describe("failures", () => {
    test("a failing operation harms its own slots and nothing else", async () => {
      const place = await factory();
      const isInside = place.failAt !== undefined;
      await place.remove?.();
      // A failure above the store shows it a call with fewer slots, whichever it is: later ones are sampled.
      for (let nth = 1; nth < OPERATIONS_MAX; nth += isInside ? 1 : 1 + (nth >> 3)) {
        if (!(await scenario(factory, nth))) return;
      }
      assert.fail(`the scenario has fewer than ${OPERATIONS_MAX} operations`);
    });
  });
}

/** The scenario's pages, made once: it runs many times, and no store changes the pages that it is given. */
const pages = new Map<number, Uint8Array>();

function pageOf(seed: number): Uint8Array {
  const page = pages.get(seed) ?? makePage(seed);
  pages.set(seed, page);
  return page;
}

/** @returns whether the nth operation existed, and so failed */
async function scenario(factory: StoreFactory, nth: number): Promise<boolean> {
  const place = await factory();
  const store = place.failAt === undefined ? new FailingStore(place.create()) : place.create();
  await store.open();
  const script = store instanceof FailingStore ? store.failAt(nth) : place.failAt?.(nth);
  assert.ok(script !== undefined);
  try {
    const witness = new Witness(new Subject(store), script, place.failAt === undefined ? 1 : SLOTS);
    const all = Array.from({ length: SLOTS }, (_, slot) => slot);
    await witness.write(all, 0);
    await witness.read(all);
    await witness.write([32, 3, 4, 5, 33], 100);
    await store.discard([10, 11, 31]);
    witness.discarded([10, 11, 31]);
    await witness.flush();
    await witness.write([11, 12], 200);
    await witness.read(all);
    await witness.write([5, 6, 7, 20, 33], 250, true);
    await witness.read(all);
    script.stop();
    await witness.read(all);
    await witness.write(all, 300);
    await witness.read(all);
  } finally {
    script.stop();
    await store.close();
    await place.remove?.();
  }
  return script.fired;
}

/** Remembers what each slot must hold, as far as the statuses say so. */
class Witness {
  /** Seed of the page that a slot holds; `undefined` when a failed write left it open. Slots without entry are zeroes. */
  readonly #seeds = new Map<number, number | undefined>();
  #seen = false;

  constructor(
    readonly subject: Subject,
    readonly script: FailureScript,
    readonly badMax: number,
  ) {}

  async write(slots: readonly number[], seed: number, lent = false): Promise<void> {
    const statuses = await this.subject.store.writePages(
      slots,
      slots.map((slot) => pageOf(seed + slot)),
      lent,
    );
    this.#check(statuses, slots.length);
    slots.forEach((slot, index) => {
      this.#seeds.set(slot, statuses[index] === undefined ? seed + slot : undefined);
    });
  }

  async read(slots: readonly number[]): Promise<void> {
    const into = slots.map(untouchedPage);
    const statuses = await this.subject.store.readPages(slots, into);
    this.#check(statuses, slots.length);
    slots.forEach((slot, index) => {
      if (statuses[index] !== undefined) return;
      const seed = this.#seeds.get(slot);
      if (this.#seeds.has(slot) && seed === undefined) return;
      const expected = seed === undefined ? ZEROES : pageOf(seed);
      assertSameBytes(into[index]!, expected, `slot ${slot} holds what its last good write put there`);
    });
  }

  discarded(slots: readonly number[]): void {
    for (const slot of slots) this.#seeds.delete(slot);
  }

  async flush(): Promise<void> {
    try {
      await this.subject.store.flush();
    } catch (error) {
      assert.ok(TierError.is(error, "STORE_IO"), "a failed flush says STORE_IO");
      assert.ok(this.script.fired, "a flush fails only when the device does");
      this.#seen = true;
    }
  }

  /** Statuses may be bad only once, in the call in which the device failed. */
  #check(statuses: readonly (TierError | undefined)[], count: number): void {
    assertStatuses(statuses, count);
    if (statuses.every((status) => status === undefined)) return;
    assert.ok(this.script.fired, "a slot fails only when the device does");
    assert.ok(!this.#seen, "one failure of the device fails one call");
    this.#seen = true;
    const bad = statuses.filter((status) => status !== undefined).length;
    assert.ok(bad <= this.badMax, "one failed operation above the store fails one slot");
  }
}
