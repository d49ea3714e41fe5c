import { PAGE_SIZE } from "@pagetier/base";
import { expect, test } from "vitest";
import { pageOf, rig, turns } from "./rig.js";
import { ScriptedStore } from "./scripted-store.js";

test("a device that rejects its part of a cluster costs the part of the other device nothing", async () => {
  const small = new ScriptedStore({ pages: 11 });
  const large = new ScriptedStore();
  small.faultOf = () => "reject";
  large.hold();
  // One cluster, however slow the machine: no step is cut short.
  const options = { swapSlots: "virtual", kswapdStepNs: Number.POSITIVE_INFINITY } as const;
  const stack = await rig({ zswap: null, stores: [small, large], mm: options });
  const { mm } = stack;
  const space = mm.space({ name: "data", size: 32 * PAGE_SIZE });
  for (let page = 0; page < 32; page++) await space.write(page, 0, pageOf(page));
  const shrinking = mm.shrink(32 * PAGE_SIZE);
  await turns();
  expect(large.waiting).toHaveLength(1);
  for (let page = 0; page < 32; page++) expect(space.where(page).tier).toBe("resident"); // Nothing has settled.
  large.resume();
  small.faultOf = () => undefined;
  await shrinking;
  const into = new Uint8Array(PAGE_SIZE);
  for (let page = 0; page < 32; page++) {
    await space.read(page, 0, into);
    expect(Buffer.compare(into, pageOf(page)), `page ${page}`).toBe(0);
  }
  expect(mm.counters()).toMatchObject({ deviceWriteErrors: 10 });
  mm.verify();
  await mm.close();
});
