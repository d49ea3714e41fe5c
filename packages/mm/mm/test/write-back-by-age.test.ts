import { VirtualScheduler } from "@pagetier/base";
import { expect, test } from "vitest";
import { type FileRig, fileRig } from "./file-rig.js";
import { pageOf, type RigOptions } from "./rig.js";

const SECOND = 1e9;

/** Runs in virtual time a stack with a file, and closes it. */
async function inVirtualTime(
  mm: RigOptions["mm"],
  main: (stack: FileRig, sleep: (seconds: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  const scheduler = new VirtualScheduler();
  await scheduler.run(async () => {
    const stack = await fileRig({ scheduler, mm: { ...mm }, pages: 100 });
    await main(stack, (seconds) => scheduler.sleep(seconds * SECOND));
    stack.mm.verify();
    await stack.mm.close();
    expect(stack.frames.used).toBe(0);
  });
}

test("a page that has been dirty for thirty seconds is written, with its dirty neighbours", async () => {
  await inVirtualTime({}, async ({ mm, file, store }, sleep) => {
    await file.write(3, 0, pageOf(1003));
    await sleep(20);
    await file.write(5, 0, pageOf(1005)); // Beside it, and young.
    await file.write(70, 0, pageOf(1070)); // Young, and elsewhere.
    await sleep(8);
    expect(store.slotsWritten).toEqual([]);
    await sleep(8);
    expect(store.slotsWritten).toEqual([3, 5]);
    expect(mm.counters()).toMatchObject({ expiredFilePages: 1, dirtyFilePages: 1, fileWrites: 2 });
    await sleep(20);
    expect(store.slotsWritten).toEqual([3, 5, 70]);
    expect(Buffer.compare(await store.peek(70), pageOf(1070))).toBe(0);
    // All is clean, and the flusher sleeps until something is dirty again.
    await sleep(100);
    await file.write(3, 0, pageOf(2003));
    await sleep(36);
    expect(store.slotsWritten).toEqual([3, 5, 70, 3]);
  });
});

test("what cannot be written is tried again when it has been dirty for as long once more", async () => {
  await inVirtualTime({ dirtyExpireNs: 2 * SECOND, dirtyWritebackNs: SECOND }, async ({ mm, file, store }, sleep) => {
    store.faultOf = (_count, operation) => (operation === "write" ? "status" : undefined);
    await file.write(3, 0, pageOf(1003));
    await sleep(10);
    const { fileWriteErrors } = mm.counters();
    expect(fileWriteErrors).toBeGreaterThanOrEqual(2);
    expect(fileWriteErrors).toBeLessThanOrEqual(5);
    store.faultOf = () => undefined;
    await sleep(5);
    expect(mm.counters().dirtyFilePages).toBe(0);
    expect(Buffer.compare(await store.peek(3), pageOf(1003))).toBe(0);
  });
});

test("with an interval of 0 nothing is written for its age", async () => {
  await inVirtualTime({ dirtyWritebackNs: 0 }, async ({ mm, file, store }, sleep) => {
    await file.write(3, 0, pageOf(1003));
    await sleep(1000);
    expect(store.slotsWritten).toEqual([]);
    expect(mm.counters().expiredFilePages).toBe(0);
  });
});

test("more pages than may be written at a time take turns", async () => {
  const few = { dirtyExpireNs: 0, dirtyWritebackNs: SECOND, inFlightPagesMax: 32 };
  await inVirtualTime(few, async ({ mm, file, store }, sleep) => {
    store.hold();
    for (let page = 0; page < 40; page += 2) file.writeNow(page, 0, pageOf(page + 1000));
    for (let page = 41; page < 80; page += 2) file.writeNow(page, 0, pageOf(page + 1000));
    const { dirtyFilePages } = mm.counters();
    expect(dirtyFilePages).toBe(40);
    await sleep(2);
    store.resume();
    await sleep(3);
    expect(mm.counters().dirtyFilePages).toBe(0);
    expect(new Set(store.slotsWritten).size).toBe(40);
  });
});
