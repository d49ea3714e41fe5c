import type { TestRunner } from "@pagetier/base/testing";
import fc from "fast-check";
import { makePage, untouchedPage, ZEROES } from "./pages.js";
import { assertCodes, type StoreFactory, type Subject, withStore } from "./subject.js";

type Step =
  | {
      readonly do: "write" | "writeLent" | "writeNow" | "read" | "readNow" | "discard";
      readonly slots: number[];
      readonly seed: number;
    }
  | { readonly do: "flush" };

const slots = fc.oneof(
  { weight: 2, arbitrary: fc.uniqueArray(fc.nat(127), { maxLength: 12, size: "max" }) },
  {
    weight: 1,
    arbitrary: fc
      .record({ first: fc.nat(60), count: fc.nat(60) })
      .map(({ first, count }) => Array.from({ length: count }, (_, index) => first + index)),
  },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constantFrom("write", "writeLent", "writeNow", "read", "readNow", "discard"),
      slots,
      seed: fc.nat(1000),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: "flush" }) },
);

/** The store against a Map, whatever is done to both. */
export function agreesWithModel({ describe, test }: TestRunner, factory: StoreFactory): void {
  describe("model", () => {
    test("agrees with a Map", () =>
      fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 40, size: "max" }), (steps) =>
          withStore(factory, async (subject) => {
            const model = new Map<number, number>();
            for (const one of steps) await applyToBoth(subject, model, one);
            await compare(
              subject,
              model,
              Array.from({ length: 128 }, (_, slot) => slot),
            );
          }),
        ),
        { numRuns: 40 },
      ));
  });
}

async function applyToBoth(subject: Subject, model: Map<number, number>, one: Step): Promise<void> {
  const { store } = subject;
  if (one.do === "flush") return store.flush();
  const well = one.slots.map(() => undefined);
  switch (one.do) {
    case "write":
    case "writeLent":
    case "writeNow": {
      const pages = one.slots.map((slot) => makePage(one.seed + slot));
      const { now } = store;
      if (one.do === "writeNow" && now !== undefined) assertCodes(now.writePagesNow(one.slots, pages), well);
      else assertCodes(await store.writePages(one.slots, pages, one.do === "writeLent"), well);
      for (const slot of one.slots) model.set(slot, one.seed + slot);
      return;
    }
    case "readNow":
    case "read":
      return compare(subject, model, one.slots, one.do === "readNow");
    case "discard":
      await store.discard(one.slots);
      for (const slot of one.slots) model.delete(slot);
  }
}

async function compare(subject: Subject, model: Map<number, number>, list: number[], blocking = false): Promise<void> {
  const expected = list.map((slot) => (model.has(slot) ? makePage(model.get(slot)!) : ZEROES));
  await subject.expect(list, expected, "the store agrees with a Map");
  const { now } = subject.store;
  if (!blocking || now === undefined) return;
  for (let index = 0; index < list.length; index++) {
    const page = untouchedPage();
    assertCodes([now.readPageNow(list[index]!, page)], [undefined]);
    if (Buffer.compare(page, expected[index]!) !== 0) throw new Error(`slot ${list[index]} differs in a blocking read`);
  }
}
