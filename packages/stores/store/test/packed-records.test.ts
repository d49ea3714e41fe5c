import assert from "node:assert/strict";
import { createPrng, PAGE_SIZE, type Prng, TierError } from "@pagetier/base";
import { describe, test } from "vitest";
import { makePage, untouchedPage } from "../src/conformance/index.js";
import { PackedRecords, type RecordDevice, type SlotStatus } from "../src/index.js";

/** Pages that are on the medium only after a flush: a power cut leaves of each later write what it likes. */
class PowerCutDevice implements RecordDevice {
  readonly medium = new Map<number, Uint8Array>();
  readonly #cache = new Map<number, Uint8Array>();
  /** The operation that fails, counted from now. */
  failIn = Number.POSITIVE_INFINITY;
  /** Nothing arrives and nothing is answered but failures. */
  #isOff = false;

  get end(): number {
    return Math.max(0, ...this.medium.keys(), ...this.#cache.keys()) + 1;
  }

  async read(page: number, into: Uint8Array): Promise<SlotStatus> {
    await new Promise(setImmediate);
    if (this.#fails()) return this.#failure();
    for (let index = 0; index * PAGE_SIZE < into.length; index++) {
      const found = this.#cache.get(page + index) ?? this.medium.get(page + index);
      if (found === undefined) into.fill(0, index * PAGE_SIZE, (index + 1) * PAGE_SIZE);
      else into.set(found, index * PAGE_SIZE);
    }
    return undefined;
  }

  async write(page: number, from: Uint8Array): Promise<SlotStatus> {
    // On its way when it was asked for, not when it is acknowledged. Of one that fails a page arrives.
    const fails = this.#fails();
    const pages = this.#isOff ? 0 : fails ? 1 : from.length / PAGE_SIZE;
    for (let index = 0; index < pages; index++) {
      this.#cache.set(page + index, from.slice(index * PAGE_SIZE, (index + 1) * PAGE_SIZE));
    }
    await new Promise(setImmediate);
    return fails ? this.#failure() : undefined;
  }

  async flush(): Promise<void> {
    const written = [...this.#cache];
    if (this.#fails()) throw this.#failure();
    await new Promise(setImmediate);
    if (this.#isOff) throw this.#failure();
    for (const [page, bytes] of written) this.medium.set(page, bytes);
    for (const [page, bytes] of written) if (this.#cache.get(page) === bytes) this.#cache.delete(page);
  }

  truncate(pages: number): void {
    if (this.#isOff) return;
    for (const map of [this.medium, this.#cache]) for (const page of map.keys()) if (page >= pages) map.delete(page);
  }

  /** Each page that was not flushed arrives, does not, or is torn. */
  cutPower(prng: Prng): void {
    for (const [page, bytes] of this.#cache) {
      const fate = prng.below(3);
      if (fate === 0) continue;
      const old = this.medium.get(page) ?? new Uint8Array(PAGE_SIZE);
      const torn = 512 * prng.below(8);
      this.medium.set(page, fate === 1 ? bytes : new Uint8Array([...bytes.subarray(0, torn), ...old.subarray(torn)]));
    }
    this.#cache.clear();
    this.#isOff = true;
  }

  powerOn(): void {
    this.#isOff = false;
  }

  #fails(): boolean {
    return --this.failIn === 0 || this.#isOff;
  }

  #failure(): TierError {
    return new TierError("STORE_IO", "the device fails, says the test.");
  }
}

function logOn(device: RecordDevice, durable = true, capacityBytes = 1 << 20): PackedRecords {
  return new PackedRecords({ type: "test", device, capacityBytes, durable });
}

const made = new Map<number, Uint8Array>();

function bytesOf(version: number): Uint8Array {
  const bytes = made.get(version) ?? makePage(version).slice(0, 1 + ((version * 997) % PAGE_SIZE));
  made.set(version, bytes);
  return bytes;
}

const range = (count: number): number[] => [...Array(count).keys()];

/** Every version that each key ever had, so that a version is recognised by its bytes. */
class History {
  readonly #versions = new Map<number, number[]>();
  /** Number in the key's list of the version that was flushed; a deletion is a version without bytes. */
  readonly #flushed = new Map<number, number>();
  #next = 1;

  /** @returns the bytes of a new version */
  put(key: number): Uint8Array {
    return bytesOf(this.#add(key, this.#next++));
  }

  delete(key: number): void {
    this.#add(key, 0);
  }

  /** What is the newest now is safe. */
  flushed(): void {
    for (const [key, versions] of this.#versions) this.#flushed.set(key, versions.length - 1);
  }

  /** @returns whether a log that was cut may show `found` (`undefined`: nothing) under the key */
  allows(key: number, found: Uint8Array | undefined): boolean {
    const versions = this.#versions.get(key) ?? [];
    const from = this.#flushed.get(key) ?? -1;
    const later = versions.slice(Math.max(from, 0));
    const wasDeleted = later.includes(0) || from < 0;
    if (found === undefined) return wasDeleted;
    const may = wasDeleted && later.includes(0) ? versions : later; // A deleted record may be there again.
    return may.some((version) => version !== 0 && Buffer.compare(bytesOf(version), found) === 0);
  }

  /** What a new life finds is on the medium: it is what counts from now on. */
  recovered(key: number, found: Uint8Array | undefined): void {
    const versions = this.#versions.get(key);
    if (versions === undefined) return;
    const isFound = (version: number) =>
      found !== undefined && version !== 0 && Buffer.compare(bytesOf(version), found) === 0;
    this.#versions.set(key, [versions.find(isFound) ?? 0]);
    this.#flushed.set(key, 0);
  }

  #add(key: number, version: number): number {
    const versions = this.#versions.get(key) ?? [];
    versions.push(version);
    this.#versions.set(key, versions);
    return version;
  }
}

const KEYS = 120;

async function found(log: PackedRecords, key: number): Promise<Uint8Array | undefined> {
  const page = untouchedPage();
  const length = await log.getRecord(key, page);
  return length === 0 ? undefined : page.subarray(0, length);
}

/** A record that was torn before it was flushed, and that has no older version, is as good as none. */
async function foundAfterCut(log: PackedRecords, key: number): Promise<Uint8Array | undefined> {
  try {
    return await found(log, key);
  } catch (error) {
    assert.ok(TierError.is(error, "STORE_CORRUPT"));
    return undefined;
  }
}

describe("a log of records whose power is cut", () => {
  test("has everything that was flushed, whenever the cut comes, through cleaning and several lives", async () => {
    let cleaned = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const prng = createPrng(seed);
      const device = new PowerCutDevice();
      const history = new History();
      for (let life = 0; life < 3; life++) {
        const log = logOn(device);
        await log.recover(device.medium.size === 0 ? 0 : device.end);
        log.verify();
        for (const key of range(KEYS)) {
          const bytes = await foundAfterCut(log, key);
          assert.ok(history.allows(key, bytes), `seed ${seed}, life ${life}: key ${key}`);
          history.recovered(key, bytes);
        }
        const rounds = 20 + prng.below(40);
        const flushing: Promise<void>[] = [];
        for (let round = 0; round < rounds; round++) {
          const keys = range(1 + prng.below(24)).map(() => prng.below(KEYS));
          const unique = [...new Set(keys)];
          if (prng.below(6) === 0) {
            for (const key of unique) history.delete(key);
            await log.deleteRecords(unique);
          } else {
            const putting = log.putRecords(unique.map((key) => ({ key, bytes: history.put(key) })));
            if (prng.below(4) > 0) await putting;
            else flushing.push(putting.then(() => undefined));
          }
          if (prng.below(5) === 0) {
            await Promise.all(flushing.splice(0));
            await log.flush();
            history.flushed();
          }
        }
        cleaned += log.counters().recordSegmentsCleaned ?? 0;
        device.cutPower(prng); // With writes, and maybe cleaning, under way.
        await log.close();
        device.powerOn();
      }
    }
    assert.ok(cleaned > 20, "segments were cleaned meanwhile");
  });
});

describe("a log of records", () => {
  test("loses nothing when the nth operation of its device fails, cleaning included", async () => {
    let cleaned = 0;
    for (let nth = 1, fired = true; fired; nth += nth < 6 ? 1 : 37) {
      const device = new PowerCutDevice();
      const log = logOn(device, false, 4 << 20);
      device.failIn = nth;
      const model = new Map<number, Uint8Array | undefined>();
      const prng = createPrng(nth);
      for (let round = 0; round < 40; round++) {
        // Most records stay: their segments empty slowly, and have to be cleaned.
        const keys = range(4 * KEYS).filter((key) => round === 0 || prng.below(1 + (key % 16)) === 0);
        const puts = keys.map((key) => ({ key, bytes: bytesOf(((round * 4 * KEYS + key) % 5000) + 1) }));
        const statuses = await log.putRecords(puts);
        for (const [index, { key, bytes }] of puts.entries())
          model.set(key, statuses[index] === undefined ? bytes : undefined);
        if (round % 8 === 0) log.verify();
      }
      fired = device.failIn <= 0;
      cleaned += log.counters().recordSegmentsCleaned!;
      device.failIn = Number.POSITIVE_INFINITY;
      for (const [key, bytes] of model) {
        const actual = await found(log, key);
        if (bytes !== undefined)
          assert.ok(actual !== undefined && Buffer.compare(actual, bytes) === 0, `${nth}: key ${key}`);
      }
      await log.close();
    }
    assert.ok(cleaned > 20, "segments were cleaned meanwhile");
  });

  test("never holds more than half as much again as its records, and 2 MiB", async () => {
    const device = new PowerCutDevice();
    const log = logOn(device, true, Number.POSITIVE_INFINITY);
    const prng = createPrng(5);
    for (let round = 0; round < 300; round++) {
      const keys = [...new Set(range(24).map(() => prng.below(400)))];
      await log.putRecords(
        keys.map((key) => ({ key, bytes: makePage(round + key).subarray(0, 1500 + prng.below(1500)) })),
      );
    }
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
    const { recordBytes, recordSegments, recordBytesWritten, deviceBytesWritten, recordsMoved } = log.counters();
    assert.ok(recordSegments! * 64 * PAGE_SIZE <= recordBytes! * 1.6 + (2 << 20), `${recordSegments} segments`);
    assert.ok(recordsMoved! > 0 && deviceBytesWritten! < 3 * recordBytesWritten!, `${deviceBytesWritten}`);
    await log.clearRecords();
    log.verify();
    assert.equal(log.counters().recordSegments, 0);
    assert.equal(device.medium.size, 0);
    await log.close();
  });

  test("reads a record while its segment is cleaned and written to again", async () => {
    const device = new PowerCutDevice();
    const log = logOn(device, false);
    for (let round = 0; round < 60; round++) {
      const puts = range(40).map((key) => ({ key: (key * 3 + round) % 60, bytes: bytesOf(round * 40 + key + 1) }));
      const before = await Promise.all(range(60).map((key) => found(log, key)));
      const putting = log.putRecords(puts);
      const after = await Promise.all(range(60).map((key) => found(log, key)));
      await putting;
      const puts_ = new Map(puts.map(({ key, bytes }) => [key, bytes]));
      for (const key of range(60)) {
        const actual = after[key];
        const isOld = Buffer.compare(actual ?? new Uint8Array(), before[key] ?? new Uint8Array()) === 0;
        const isNew = actual !== undefined && puts_.has(key) && Buffer.compare(actual, puts_.get(key)!) === 0;
        assert.ok(isOld || isNew, "a get that overlaps a put finds the old record or the new one");
      }
    }
    log.verify();
    await log.close();
  });

  test("tells a damaged record from the others, now and when it is opened again", async () => {
    const device = new PowerCutDevice();
    const log = logOn(device);
    await log.putRecords(range(20).map((key) => ({ key, bytes: makePage(key).subarray(0, 900) })));
    await log.flush();
    const page = [...device.medium.values()].find((each) =>
      Buffer.from(each).includes(Buffer.from(makePage(7).subarray(0, 200))),
    )!;
    const at = Buffer.from(page.buffer, page.byteOffset, page.length).indexOf(
      Buffer.from(makePage(7).subarray(0, 200)),
    );
    page[at + 100]! ^= 1;
    const isCorrupt = (error: unknown): boolean => TierError.is(error, "STORE_CORRUPT");
    await assert.rejects(log.getRecord(7, untouchedPage()), isCorrupt);
    assert.equal((await found(log, 8))?.length, 900);
    const shown: number[] = [];
    await log.getRecord(8, untouchedPage(), { recordsMax: 30, visit: (key) => shown.push(key) });
    assert.equal(shown.length, 18, "a damaged neighbour is not shown");
    assert.deepEqual(shown.slice(0, 4), [9, 10, 6, 11]);
    assert.equal(log.counters().recordsCorrupt, 1);
    const again = logOn(device);
    await again.recover(device.end);
    await assert.rejects(again.getRecord(7, untouchedPage()), isCorrupt);
    for (const key of range(20)) if (key !== 7) assert.equal((await found(again, key))?.length, 900);
  });

  test("does not take a copy of a chunk for a chunk", async () => {
    const device = new PowerCutDevice();
    const log = logOn(device);
    await log.putRecords([{ key: 1, bytes: makePage(1).subarray(0, 3000) }]);
    await log.flush();
    const image = device.medium.get(0)!;
    await log.putRecords([
      { key: 2, bytes: image },
      { key: 3, bytes: image },
    ]);
    await log.deleteRecords([1]);
    await log.putRecords([{ key: 1, bytes: makePage(9).subarray(0, 10) }]);
    await log.flush();
    const again = logOn(device);
    await again.recover(device.end);
    assert.deepEqual(await found(again, 1), makePage(9).subarray(0, 10));
    assert.deepEqual(await found(again, 2), image);
    again.verify();
  });
});
