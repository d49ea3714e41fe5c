import assert from "node:assert/strict";
import { createPrng, type Prng } from "@pagetier/base";
import type { TestRunner } from "@pagetier/base/testing";
import type { RecordStore } from "../store.js";
import { assertSameBytes, makePage, untouchedPage, ZEROES } from "./pages.js";
import { type DeviceRecording, type StoreFactory, type StorePlace, Subject, type WriteFate } from "./subject.js";

const SLOTS = 48;
const KEYS = 12;
const STEPS = 34;

/** Seeds of pages by slot, and of records by key. What is not there reads as zeroes, or is no record. */
interface Content {
  readonly pages: ReadonlyMap<number, number>;
  readonly records: ReadonlyMap<number, number>;
}

/** What one step changed, and how many events the device had seen when it began. */
interface Step {
  readonly begun: number;
  readonly slots: readonly number[];
  readonly keys: readonly number[];
}

/** A flush that was acknowledged: from so many events on everything is there that was written before. */
interface Promised extends Content {
  readonly events: number;
  /** Steps before it. */
  readonly steps: number;
}

/**
 * The power goes after every write, for stores that are durable and whose device can be recorded: what a flush had
 * acknowledged is there, whatever became of the writes since.
 */
export function powerCuts({ describe, test }: TestRunner, factory: StoreFactory): void {
  describe("power cuts", () => {
    test("leave everything that was flushed, wherever they come", async () => {
      const place = await factory();
      try {
        const recording = place.record?.();
        if (recording === undefined) return;
        const history = await perform(place, recording);
        const events = await recording.events();
        recording.stop();
        assert.ok(events > STEPS / 2, "the recording shows what reaches the device");
        const prng = createPrng(1);
        for (let cut = 0; cut <= events; cut++) {
          await afterCut(recording, cut, fateOf(cut, prng), history);
        }
      } finally {
        await place.remove?.();
      }
    });
  });
}

/** Of the writes that no flush covers: all done, the last one torn, or any of them torn or lost; in turns. */
function fateOf(cut: number, prng: Prng): (event: number) => WriteFate {
  if (cut % 3 === 0) return () => "whole";
  if (cut % 3 === 1) return (event) => (event === cut - 1 ? "torn" : "whole");
  const fates: readonly WriteFate[] = ["whole", "torn", "lost"];
  return () => fates[prng.below(fates.length)]!;
}

interface History {
  readonly steps: readonly Step[];
  readonly promises: readonly Promised[];
}

/** Writes, discards, flushes, puts and deletes, one after the other. */
async function perform(place: StorePlace, recording: DeviceRecording): Promise<History> {
  const store = place.create();
  assert.ok(store.durable, "only what is durable has a device to record");
  await store.open();
  const subject = new Subject(store);
  const prng = createPrng(7);
  const pages = new Map<number, number>();
  const records = new Map<number, number>();
  const steps: Step[] = [];
  const promises: Promised[] = [{ events: 0, steps: 0, pages: new Map(), records: new Map() }];
  for (let count = 0; count < STEPS; count++) {
    const begun = await recording.events();
    const slots: number[] = [];
    const keys: number[] = [];
    const kind = prng.below(store.records === undefined ? 8 : 11);
    const seed = 1000 * (count + 1);
    if (count % 5 === 4) await store.flush();
    else if (kind < 6) {
      const first = prng.below(SLOTS);
      for (let slot = first; slot < Math.min(SLOTS, first + 1 + prng.below(kind === 0 ? 1 : 20)); slot++)
        slots.push(slot);
      for (const slot of slots) pages.set(slot, seed + slot);
      const written = slots.map((slot) => makePage(seed + slot));
      if (kind === 5 && store.now !== undefined) store.now.writePagesNow(slots, written);
      else await subject.write(slots, written, kind === 4);
    } else if (kind < 8) {
      for (let slot = prng.below(8); slot < SLOTS; slot += 9) slots.push(slot);
      for (const slot of slots) pages.delete(slot);
      await store.discard(slots);
    } else {
      for (let key = prng.below(4); key < KEYS; key += 1 + prng.below(3)) keys.push(key);
      await change(store.records!, records, keys, kind === 8 ? undefined : seed);
    }
    steps.push({ begun, slots, keys });
    if (count % 5 !== 4) continue;
    promises.push({
      events: await recording.events(),
      steps: steps.length,
      pages: new Map(pages),
      records: new Map(records),
    });
  }
  await store.close();
  return { steps, promises };
}

/** @param seed left out: the records are deleted */
async function change(store: RecordStore, model: Map<number, number>, keys: number[], seed?: number): Promise<void> {
  if (seed === undefined) {
    for (const key of keys) model.delete(key);
    await store.deleteRecords(keys);
    return;
  }
  const statuses = await store.putRecords(keys.map((key) => ({ key, bytes: recordOf(seed + key) })));
  for (const [index, key] of keys.entries()) {
    assert.equal(statuses[index], undefined, "a record is put");
    model.set(key, seed + key);
  }
}

function recordOf(seed: number): Uint8Array {
  return makePage(seed).slice(0, 1 + ((seed * 37) % 3000));
}

async function afterCut(
  recording: DeviceRecording,
  cut: number,
  fate: (event: number) => WriteFate,
  { steps, promises }: History,
): Promise<void> {
  const promised = promises.findLast(({ events }) => events <= cut)!;
  const since = steps.slice(promised.steps).filter(({ begun }) => begun <= cut);
  const touchedSlots = new Set(since.flatMap(({ slots }) => slots));
  const touchedKeys = new Set(since.flatMap(({ keys }) => keys));
  const place = await recording.cut(cut, fate);
  const store = place.create();
  try {
    await store.open();
    const slots = Array.from({ length: SLOTS }, (_, slot) => slot);
    const into = slots.map(untouchedPage);
    const statuses = await store.readPages(slots, into);
    for (const slot of slots) {
      if (touchedSlots.has(slot)) continue;
      const claim = `slot ${slot} is as it was flushed when the power goes after ${cut} writes`;
      assert.equal(statuses[slot], undefined, claim);
      const seed = promised.pages.get(slot);
      // What was discarded may be there again, and what was never written cannot be told from it.
      if (seed !== undefined) assertSameBytes(into[slot]!, makePage(seed), claim);
    }
    for (const [key, seed] of promised.records) {
      if (touchedKeys.has(key)) continue;
      const page = untouchedPage();
      const claim = `record ${key} is as it was flushed when the power goes after ${cut} writes`;
      assert.equal(await store.records!.getRecord(key, page), recordOf(seed).length, claim);
      assertSameBytes(page.subarray(0, recordOf(seed).length), recordOf(seed), claim);
    }
    const subject = new Subject(store);
    await subject.write(slots, slots.map(makePage));
    await subject.expect(slots, slots.map(makePage), "a store that lost power is as good as new");
    await store.discard(slots);
    await subject.expect([0, SLOTS - 1], [ZEROES, ZEROES], "a store that lost power is as good as new");
  } finally {
    await store.close();
    await place.remove?.();
  }
}
