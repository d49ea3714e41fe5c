import assert from "node:assert/strict";
import { PAGE_SIZE } from "@pagetier/base";
import fc from "fast-check";
import { test } from "vitest";
import { FakeSwapWriteback, makePage, PAGE_KINDS, ReferenceFrontswap } from "../src/conformance/index.js";
import { type FrontswapCopy, FrontswapRegistry } from "../src/index.js";

const offset = fc.constantFrom(0, 1, 2, 31, 32, 200_000);
const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.tuple(
        fc.constant("store" as const),
        offset,
        fc.constantFrom(...PAGE_KINDS),
        fc.constantFrom<FrontswapCopy>("only", "only", "clean"),
      ),
    },
    { weight: 4, arbitrary: fc.tuple(fc.constant("load" as const), offset) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom("invalidate" as const, "markClean" as const), offset) },
    { weight: 2, arbitrary: fc.tuple(fc.constant("reclaim" as const), fc.constantFrom(0, 1, 2)) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom("register" as const, "offAndOn" as const)) },
  ),
  { maxLength: 80, size: "max" },
);

test("the registry with small, exclusive, remote and late backends loses nothing", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (chosen) => {
      const registry = new FrontswapRegistry({ writeThrough: false });
      const backends: ReferenceFrontswap[] = [];
      const variants = [{ exclusive: true }, {}, { remote: true }];
      const register = () => {
        const options = { ...variants[backends.length % 3]!, capacityBytes: 2 * PAGE_SIZE };
        const backend = new ReferenceFrontswap(options, new FakeSwapWriteback({ pages: 0 }));
        backends.push(backend);
        registry.register(backend);
      };
      register();
      registry.swapOn(0);
      const only = new Map<number, Uint8Array>();
      const clean = new Map<number, Uint8Array>();
      let seed = 0;
      for (const [name, target = 0, kind = "zero", copy = "only"] of chosen) {
        const place = target;
        if (name === "store") {
          const page = makePage(kind, ++seed);
          const outcome = registry.store(0, place, page, copy);
          only.delete(place);
          clean.delete(place);
          if (outcome === "stored") (copy === "only" ? only : clean).set(place, page);
        } else if (name === "load") {
          const page = new Uint8Array(PAGE_SIZE);
          let outcome = registry.load(0, place, page);
          if (outcome === "remote") outcome = await registry.fetch(0, place, page);
          const expected = only.get(place) ?? clean.get(place);
          assert.ok(outcome !== "miss" || !only.has(place), "an only copy does not miss");
          if (outcome !== "miss") assert.deepEqual(page, expected, "a load gives back what was stored last");
          if (outcome !== "hit") {
            only.delete(place);
            clean.delete(place);
          }
        } else if (name === "invalidate") {
          registry.invalidatePage(0, place);
          only.delete(place);
          clean.delete(place);
        } else if (name === "markClean") {
          registry.markClean(0, place);
          const page = only.get(place);
          if (page !== undefined) clean.set(place, page);
          only.delete(place);
        } else if (name === "reclaim") {
          backends[place % backends.length]!.reclaim(2);
        } else if (name === "register") {
          if (backends.length < 3) register();
        } else {
          registry.swapOff(0);
          registry.swapOn(0);
          only.clear();
          clean.clear();
        }
        registry.verify();
        for (const place of only.keys()) assert.equal(registry.has(0, place), true, "an only copy has a bit");
        const held = registry.currPages();
        assert.ok(held >= only.size && held <= only.size + clean.size, "currPages counts what is held");
      }
    }),
    { numRuns: 100 },
  );
});
