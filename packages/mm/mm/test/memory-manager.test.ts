import { PAGE_SIZE } from "@pagetier/base";
import { describe, expect, test } from "vitest";
import { memoryStore, pageOf, type Rig, rig } from "./rig.js";

async function fillAndCheck({ mm }: Rig, pages: number, noise = 0.3): Promise<void> {
  const space = mm.space({ name: "data", size: pages * PAGE_SIZE });
  for (let page = 0; page < pages; page++) await space.write(page, 0, pageOf(page, noise));
  mm.verify();
  const into = new Uint8Array(PAGE_SIZE);
  for (let page = 0; page < pages; page++) {
    await space.read(page, 0, into);
    expect(Buffer.compare(into, pageOf(page, noise))).toBe(0);
  }
  mm.verify();
}

describe("a space larger than memory", () => {
  test("reads back everything through a pool and a store", async () => {
    const stack = await rig();
    await fillAndCheck(stack, 4096);
    await fillAndCheck(stack, 260); // Little enough for the pool to matter.
    const { faults, memory } = stack.mm.stats();
    expect(faults.minor).toBe(4096 + 260);
    expect(faults.majorFrom.pool).toBeGreaterThan(0);
    expect(faults.majorFrom.store).toBeGreaterThan(0);
    expect(memory.peakBytes).toBeLessThanOrEqual(memory.budgetBytes);
    await stack.mm.close();
    expect(stack.frames.used).toBe(0);
  });

  test("counts what is given up by where it lay", async () => {
    const { mm } = await rig();
    const space = mm.space({ name: "data", size: 1024 * PAGE_SIZE });
    for (let page = 0; page < 1000; page++) await space.write(page, 0, pageOf(page, 0.3));
    const tiers = { none: 0, resident: 0, pool: 0, remote: 0, store: 0 };
    for (let page = 0; page < 1024; page++) tiers[space.where(page).tier]++;
    space.discard(0, 1024);
    const { discardedResident, discardedFromPool, discardedFromStore } = mm.counters();
    expect({ discardedResident, discardedFromPool, discardedFromStore }).toEqual({
      discardedResident: tiers.resident,
      discardedFromPool: tiers.pool,
      discardedFromStore: tiers.store,
    });
    expect(tiers).toMatchObject({ none: 24, remote: 0 });
    expect(Math.min(tiers.resident, tiers.pool, tiers.store)).toBeGreaterThan(0);
    mm.verify();
    await mm.close();
  });

  test("reads back everything without any backend", async () => {
    const stack = await rig({ zswap: null });
    await fillAndCheck(stack, 2048);
    expect(stack.mm.stats().faults.majorFrom.pool).toBe(0);
    await stack.mm.close();
    expect(stack.frames.used).toBe(0);
  });

  test("holds incompressible pages raw, and passes them on", async () => {
    const stack = await rig();
    await fillAndCheck(stack, 1024, 1);
    await stack.mm.close();
  });

  test("reads as zeroes where nothing was written", async () => {
    const { mm } = await rig();
    const space = mm.space({ name: "data", size: 10 * PAGE_SIZE });
    const into = new Uint8Array(16).fill(9);
    expect(space.readNow(3, 100, into)).toBe(true);
    expect([...into]).toEqual(new Array(16).fill(0));
    expect(space.where(3).tier).toBe("none");
    await mm.close();
  });

  test("ends in MM_OUT_OF_MEMORY when nothing can leave, and loses nothing", async () => {
    const stack = await rig({ stores: [memoryStore(64)] });
    const space = stack.mm.space({ name: "data", size: 2048 * PAGE_SIZE });
    const beside = stack.mm.space({ name: "beside", size: 4 * PAGE_SIZE });
    await beside.write(0, 0, pageOf(9, 1));
    let written = 0;
    await expect(
      (async () => {
        for (; written < 2048; written++) await space.write(written, 0, pageOf(written, 1));
      })(),
    ).rejects.toMatchObject({
      code: "MM_OUT_OF_MEMORY",
      message: expect.stringMatching(/resident [0-9]+ frames.*of resident pages most belong to data [0-9]+/),
      context: { residents: expect.arrayContaining([{ name: "data", pages: expect.any(Number) }]) },
    });
    expect(written).toBeGreaterThan(200);
    const into = new Uint8Array(PAGE_SIZE);
    for (let page = 0; page < written; page++) {
      await space.read(page, 0, into);
      expect(Buffer.compare(into, pageOf(page, 1))).toBe(0);
    }
    stack.mm.verify();
    await stack.mm.close();
  });

  test("takes nothing but bytes, whatever a caller without a type checker passes", async () => {
    const { mm } = await rig();
    const space = mm.space({ name: "data", size: 10 * PAGE_SIZE });
    for (const wrong of ["text", new Uint16Array(2), [1, 2], undefined, null, 7]) {
      const bytes = wrong as never;
      await expect(space.write(0, 0, bytes)).rejects.toMatchObject({ code: "MM_BAD_BYTES" });
      await expect(space.read(0, 0, bytes)).rejects.toMatchObject({ code: "MM_BAD_BYTES" });
      expect(() => space.writeNow(0, 0, bytes)).toThrow(/pass a Uint8Array/);
      expect(() => space.readNow(0, 0, bytes)).toThrow(/pass a Uint8Array/);
    }
    expect(space.where(0).tier).toBe("none");
    await mm.close();
  });
});
