import { PAGE_SIZE, type TierError } from "@pagetier/base";
import { describe, expect, test } from "vitest";
import { InFlight } from "../src/in-flight.js";
import type { PageId } from "../src/space.js";
import { SwapArea } from "../src/swap-area.js";
import { SwapWriter } from "../src/swap-writer.js";
import { pageOf, turns } from "./rig.js";
import { ScriptedStore } from "./scripted-store.js";

interface Bench {
  readonly store: ScriptedStore;
  readonly area: SwapArea;
  readonly io: InFlight;
  readonly writer: SwapWriter;
  readonly ends: (TierError | undefined)[];
  /** Takes a slot and queues a page for it. @returns the slot */
  add(): number;
}

async function bench(inFlightMax = 64): Promise<Bench> {
  const store = new ScriptedStore();
  await store.open();
  const area = new SwapArea(0, { store, name: "scripted", priority: 0, io: "now" });
  area.open();
  const io = new InFlight();
  const writer = new SwapWriter(inFlightMax, io);
  const ends: (TierError | undefined)[] = [];
  return {
    store,
    area,
    io,
    writer,
    ends,
    add: () => {
      const offset = area.take(1 as PageId);
      area.startIo(offset);
      writer.add(area, offset, pageOf(offset), (error) => {
        area.endIo(offset);
        ends.push(error);
      });
      return offset;
    },
  };
}

describe("the swap writer", () => {
  test("starts a cluster of 32 by itself, and fewer when told to", async () => {
    const { store, area, writer, ends, add } = await bench();
    for (let count = 0; count < 31; count++) add();
    await turns(2);
    expect([store.slotsWritten.length, writer.inFlight, writer.room]).toEqual([0, 31, 33]);
    add();
    expect([store.slotsWritten.length, ends.length]).toEqual([32, 0]); // One call; nothing settles from within `add`.
    add();
    await writer.flush([area]);
    expect([writer.pagesWritten, writer.clusters, writer.inFlight, ends.length]).toEqual([33, 2, 0, 33]);
    expect(Buffer.compare(await store.peek(1), pageOf(1))).toBe(0);
  });

  test("hands neighbours to the store in order", async () => {
    const { store, area, writer, add } = await bench();
    for (let count = 0; count < 6; count++) area.take(2 as PageId);
    for (const offset of [5, 2, 4]) area.give(offset);
    for (let count = 0; count < 4; count++) add();
    await writer.flush([area]);
    expect(store.slotsWritten).toEqual([...store.slotsWritten].sort((a, b) => a - b));
    expect(store.slotsWritten).toHaveLength(4);
  });

  test("lends pages that nobody touches until they are written, where all of a cluster are such", async () => {
    const { store, area, writer } = await bench();
    const add = (lent: boolean): void => {
      const offset = area.take(1 as PageId);
      area.startIo(offset);
      writer.add(area, offset, pageOf(offset), () => area.endIo(offset), { lent });
    };
    for (const cluster of [[true, true], [true, false], [false], [true]]) {
      for (const lent of cluster) add(lent);
      await writer.flush([area]);
    }
    expect(store.callsLent).toEqual([true, false, false, true]);
  });

  test("drops what was given back before it started, and settles it", async () => {
    const { store, area, writer, ends, add } = await bench();
    const [first, second] = [add(), add()];
    area.give(first);
    await writer.flush([area]);
    expect(store.slotsWritten).toEqual([second]);
    expect([ends, writer.pagesWritten, writer.inFlight]).toEqual([[undefined, undefined], 1, 0]);
    area.give(add());
    await writer.flush([area]);
    expect([store.slotsWritten.length, ends.length, writer.clusters]).toEqual([1, 3, 1]);
  });

  test("tells each page how its write ended, be it by status or by rejection", async () => {
    const { store, area, writer, ends, add } = await bench();
    store.faultOf = (count) => (count === 1 ? "status" : count === 2 ? "reject" : undefined);
    for (let round = 0; round < 3; round++) {
      add();
      add();
      await writer.flush([area]);
    }
    expect(ends.map((error) => error?.code)).toEqual([...new Array(4).fill("STORE_IO"), undefined, undefined]);
    expect(ends[2]!.message).toBe("writing to store scripted failed: Error: scripted rejection of a write");
    expect([writer.errors, writer.pagesWritten]).toEqual([4, 2]);
  });

  test("remembers why the last write failed, until one goes well", async () => {
    const { store, area, writer, add } = await bench();
    store.faultOf = (count) => (count === 1 ? "status" : undefined);
    add();
    await writer.flush([area]);
    expect(writer.lastError?.message).toMatch(/scripted failure/);
    add();
    await writer.flush([area]);
    expect(writer.lastError).toBeUndefined();
  });

  test("flush waits for what is there, not for what comes", async () => {
    const { store, area, writer, ends, add } = await bench();
    add();
    store.hold();
    const flushed = writer.flush([area]).then(() => "flushed");
    add();
    await turns(2);
    expect(ends).toEqual([]);
    store.letGo(1);
    expect(await flushed).toBe("flushed");
    expect([ends.length, writer.inFlight]).toEqual([1, 1]);
    store.resume();
    await writer.flush([area]);
    await writer.flush([area]);
  });

  test("writes at once where the store can", async () => {
    const { store, area, writer } = await bench();
    expect(writer.writeNow(area, area.take(1 as PageId), pageOf(1))).toBe(true);
    store.faultOf = () => "status";
    expect(writer.writeNow(area, area.take(1 as PageId), new Uint8Array(PAGE_SIZE))).toBe(false);
    expect([writer.pagesWritten, writer.errors, writer.clusters]).toEqual([1, 1, 2]);
    expect(writer.lastError?.code).toBe("STORE_IO");
  });
});

describe("what is in flight", () => {
  test("wakes everybody who waits when something ends", async () => {
    const io = new InFlight();
    await io.next(); // Nothing is under way.
    io.begin();
    io.begin();
    let woken = 0;
    for (let count = 0; count < 3; count++) void io.next().then(() => woken++);
    await turns(1);
    expect(woken).toBe(0);
    io.end();
    await turns(1);
    expect([woken, io.count]).toEqual([3, 1]);
    io.end();
    expect(io.count).toBe(0);
  });
});
