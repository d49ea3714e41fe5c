import assert from "node:assert/strict";
import type { TestRunner } from "@pagetier/base/testing";
import fc from "fast-check";
import type { FrontswapCopy } from "../frontswap.js";
import type { WritebackOutcome } from "../swap-writeback.js";
import { makePage, PAGE_KINDS, type PageKind } from "./pages.js";
import { FILL_PAGES_MAX, type FrontswapFactory, Subject, sameBytes } from "./subject.js";

/** A swapped-out page as MM's books have it. */
interface Slot {
  readonly page: Uint8Array;
  /** The device holds the same bytes, so a miss is right. */
  onDevice: boolean;
  /** The backend may have it; once it missed, it must go on missing. */
  mayHit: boolean;
}

interface Key {
  readonly type: number;
  readonly offset: number;
}

type Step =
  | { readonly do: "store"; readonly key: Key; readonly kind: PageKind; readonly copy: FrontswapCopy }
  | { readonly do: "load" | "invalidate" | "markClean"; readonly key: Key }
  | { readonly do: "reuseWhenClaimed" }
  | { readonly do: "invalidateArea"; readonly type: number }
  | { readonly do: "resident"; readonly key: Key; readonly yes: boolean }
  | { readonly do: "reclaim"; readonly pages: number }
  | { readonly do: "settle"; readonly writes: number; readonly outcome: WritebackOutcome }
  | { readonly do: "memory"; readonly pages: number };

const AREAS = [0, 5];
const key = fc.record({ type: fc.constantFrom(...AREAS), offset: fc.constantFrom(0, 1, 256, 70_000) });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("store" as const),
      key,
      kind: fc.constantFrom(...PAGE_KINDS),
      copy: fc.constantFrom<FrontswapCopy>("only", "only", "only", "clean"),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("load" as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("invalidate" as const, "markClean" as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reuseWhenClaimed" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("resident" as const), key, yes: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("reclaim" as const), pages: fc.integer({ min: 1, max: 4 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("settle" as const),
      writes: fc.integer({ min: 1, max: 4 }),
      outcome: fc.constantFrom<WritebackOutcome>("written", "written", "failed"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("memory" as const), pages: fc.constantFrom(0, 1, 32) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("invalidateArea" as const), type: fc.constantFrom(...AREAS) }),
  },
);

/** Random steps on the backend and on a Map, with a device that fails now and then, compared after each step. */
export function agreesWithModel({ describe, test }: TestRunner, factory: FrontswapFactory): void {
  describe("model", () => {
    test("nothing accepted is lost or stale", async () => {
      await fc.assert(
        fc.asyncProperty(fc.boolean(), fc.array(step, { maxLength: 60, size: "max" }), async (full, steps) => {
          const model = new Model(new Subject(factory));
          if (full) model.fill();
          for (const next of steps) await model.apply(next);
          await model.end();
        }),
        { numRuns: 60 },
      );
    });
  });
}

class Model {
  readonly #subject: Subject;
  readonly #slots = new Map<string, Slot>();
  #seed = 0;
  #reuseNextClaimed = false;
  /** What a hook found wrong: a backend's background work may swallow a thrown error. */
  #violation: unknown;

  constructor(subject: Subject) {
    this.#subject = subject;
    subject.backend.init(AREAS[1]!);
    subject.writeback.hold();
    subject.writeback.onClaim = (type, offset) => this.#noted(() => this.#whenClaimed(type, offset));
    subject.writeback.onSubmit = (type, offset, page) => this.#noted(() => this.#whenSubmitted({ type, offset }, page));
    subject.writeback.onSettled = (type, offset, outcome, dropped) =>
      this.#noted(() => this.#whenSettled({ type, offset }, outcome, dropped));
  }

  /** Starts with a pool that is nearly full, so that stores are refused. */
  fill(): void {
    const lent = this.#subject.writeback.pagesFree;
    this.#subject.writeback.pagesFree = 0;
    const first = 1000;
    let offset = first;
    while (offset < first + FILL_PAGES_MAX && this.#store({ type: 0, offset }, this.#incompressible(), "only"))
      offset++;
    this.#free({ type: 0, offset: first });
    this.#subject.writeback.pagesFree = lent;
    this.#compare();
  }

  async apply(next: Step): Promise<void> {
    const { backend, writeback } = this.#subject;
    switch (next.do) {
      case "store":
        this.#store(next.key, makePage(next.kind, ++this.#seed), next.copy);
        break;
      case "load":
        await this.#load(next.key);
        break;
      case "invalidate":
        this.#free(next.key);
        break;
      case "markClean":
        this.#markClean(next.key);
        break;
      case "invalidateArea":
        for (const name of this.#slots.keys()) if (keyNamed(name).type === next.type) this.#drop(keyNamed(name));
        backend.invalidateArea(next.type);
        backend.init(next.type);
        break;
      case "resident":
        writeback.setResident(next.key.type, next.key.offset, next.yes);
        break;
      case "reclaim":
        await this.#subject.reclaim(next.pages);
        break;
      case "settle":
        for (let left = next.writes; left > 0; left--) {
          if (next.outcome === "failed") writeback.failNext(1);
          writeback.settleNext();
        }
        writeback.failNext(0);
        break;
      case "memory":
        writeback.pagesFree = next.pages;
        break;
      case "reuseWhenClaimed":
        this.#reuseNextClaimed = true;
        break;
    }
    this.#compare();
  }

  async end(): Promise<void> {
    for (const name of this.#slots.keys()) await this.#load(keyNamed(name));
    await this.#subject.end();
    this.#compare();
  }

  /** @returns whether the backend took it */
  #store(key: Key, page: Uint8Array, copy: FrontswapCopy): boolean {
    const { backend, writeback } = this.#subject;
    // MM holds a slot while it is written back; only freeing it lets another page have it.
    if (writeback.isClaimed(key.type, key.offset)) this.#free(key);
    const stored = backend.store(key.type, key.offset, page, copy) === "stored";
    const onDevice = !stored || copy === "clean";
    if (onDevice) writeback.write(key.type, key.offset, page);
    else writeback.distrust(key.type, key.offset);
    this.#slots.set(nameOf(key), { page, onDevice, mayHit: stored });
    return stored;
  }

  #incompressible(): Uint8Array {
    return makePage("incompressible", ++this.#seed);
  }

  async #load(key: Key): Promise<void> {
    const { outcome, page } = await this.#subject.load(key.type, key.offset);
    const slot = this.#slots.get(nameOf(key));
    if (outcome === "miss") {
      assert.ok(slot === undefined || slot.onDevice, "an only copy does not miss");
      if (slot !== undefined) slot.mayHit = false;
      return;
    }
    assert.ok(slot?.mayHit, "only what is stored and did not miss before is hit");
    assert.ok(sameBytes(page, slot.page), "a load gives back the bytes last stored");
    if (outcome === "hitExclusive") this.#drop(key); // Memory has it now: it is MM's again, the slot is freed.
  }

  #markClean(key: Key): void {
    const slot = this.#slots.get(nameOf(key));
    if (slot !== undefined) {
      this.#subject.writeback.write(key.type, key.offset, slot.page);
      slot.onDevice = true;
    }
    this.#subject.backend.markClean(key.type, key.offset);
  }

  #free(key: Key): void {
    this.#drop(key);
    this.#subject.backend.invalidatePage(key.type, key.offset);
  }

  #drop(key: Key): void {
    this.#slots.delete(nameOf(key));
    this.#subject.writeback.freeSlot(key.type, key.offset);
  }

  /** Another task frees the slot that is being locked, and gives it to another page. */
  #whenClaimed(type: number, offset: number): void {
    if (!this.#reuseNextClaimed) return;
    this.#reuseNextClaimed = false;
    this.#free({ type, offset });
    this.#store({ type, offset }, this.#incompressible(), "only");
  }

  #whenSubmitted(key: Key, page: Uint8Array): void {
    const slot = this.#slots.get(nameOf(key));
    assert.ok(slot?.mayHit, "only what is stored is written back");
    assert.ok(sameBytes(page, slot.page), "what is written back is what was stored last");
  }

  #whenSettled(key: Key, outcome: WritebackOutcome, dropped: boolean): void {
    if (!dropped) return;
    const slot = this.#slots.get(nameOf(key));
    assert.equal(outcome, "written", "a copy is given up only for one on the device");
    assert.ok(slot?.mayHit, "only what is stored is given up");
    if (this.#subject.writeback.hasRecord(key.type, key.offset)) return; // The backend has it still, elsewhere.
    const device = this.#subject.writeback.deviceRead(key.type, key.offset);
    assert.ok(device !== undefined && sameBytes(device, slot.page), "the device has what was given up");
    slot.onDevice = true;
    slot.mayHit = false;
  }

  #compare(): void {
    if (this.#violation !== undefined) throw this.#violation;
    this.#subject.check();
    let onlyCopies = 0;
    let atMost = 0;
    for (const [name, slot] of this.#slots) {
      const { type, offset } = keyNamed(name);
      if (slot.mayHit) atMost++;
      if (!slot.onDevice) onlyCopies++;
      const local = this.#subject.backend.storedBytes(type, offset) >= 0;
      assert.ok(slot.mayHit || !local, "what is gone lies nowhere");
    }
    const held = this.#subject.backend.currPages();
    assert.ok(held >= onlyCopies && held <= atMost, "currPages counts every only copy, and nothing that is gone");
  }

  #noted(body: () => void): void {
    try {
      body();
    } catch (error) {
      this.#violation ??= error;
      throw error;
    }
  }
}

function nameOf(key: Key): string {
  return `${key.type}:${key.offset}`;
}

function keyNamed(name: string): Key {
  const [type, offset] = name.split(":").map(Number);
  return { type: type!, offset: offset! };
}
