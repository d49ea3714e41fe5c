import { VirtualScheduler } from "@pagetier/base";
import { MEASURED_COSTS } from "@pagetier/simulation";
import { expect, test } from "vitest";
import { createStack, modelled } from "../src/index.js";

test("the store at the end of a chain becomes memory behind a model, of the same size", () => {
  expect(modelled({ use: "file", path: "./swap.img", size: "1GiB" }, "sata", false)).toEqual({
    use: "device",
    model: "sata",
    next: { use: "memory", size: "1GiB" },
  });
  expect(modelled({ use: "stats", next: "file" }, "nvme", false)).toEqual({
    use: "stats",
    next: { use: "device", model: "nvme", next: { use: "memory" } },
  });
  expect(modelled({ use: "device", model: "disk", next: { use: "file", size: "1MiB" } }, "nvme", false)).toEqual({
    use: "device",
    model: "disk",
    next: { use: "memory", size: "1MiB" },
  });
});

test("a stack in virtual time takes the time of its devices and of its work, and no other", async () => {
  const scheduler = new VirtualScheduler();
  await scheduler.run(async () => {
    const simulation = { scheduler, costs: MEASURED_COSTS, device: "disk" } as const;
    const recipe = {
      memory: "1MiB",
      frontswap: { use: "zswap", allocator: "kmalloc", compressor: "lz4" },
      swap: "file",
    };
    const stack = await scheduler.outside(() => createStack(recipe, { simulation }));
    expect(scheduler.clock.now()).toBe(0);
    const space = stack.space({ name: "space", size: "4MiB" });
    const page = new Uint8Array(4096).fill(7);
    for (let index = 0; index < space.pages; index++) {
      page[0] = index & 0xff;
      await space.write(index, 0, page);
    }
    for (let index = 0; index < space.pages; index++) {
      await space.read(index, 0, page);
      expect(page[0]).toBe(index & 0xff);
    }
    stack.verify();
    expect(scheduler.busyNs).toBeGreaterThan(1e6);
    await stack.close();
  });
});

test("in virtual time a store can be opened as a file, a real file cannot", async () => {
  const scheduler = new VirtualScheduler();
  await scheduler.run(async () => {
    const simulation = { scheduler, costs: MEASURED_COSTS, device: "disk" } as const;
    const stack = await scheduler.outside(() => createStack({ memory: "1MiB" }, { simulation }));
    await expect(scheduler.outside(() => stack.open({ path: "./data.db", size: "1MiB" }))).rejects.toMatchObject({
      code: "STORE_OPEN",
    });
    const file = await scheduler.outside(() => stack.open({ store: "file", size: "4MiB" }));
    const page = new Uint8Array(4096).fill(7);
    for (let index = 0; index < file.pages; index++) await file.write(index, 0, page);
    for (let index = 0; index < file.pages; index++) await file.read(index, 0, page);
    expect(page[0]).toBe(7);
    expect(scheduler.clock.now()).toBeGreaterThan(1e7); // Written back to a disk, and read from there.
    await stack.close();
  });
});
