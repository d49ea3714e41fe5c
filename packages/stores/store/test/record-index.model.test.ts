import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { NO_ENTRY, RecordIndex, type RecordPlace } from "../src/record-index.js";

const placeOf = (seed: number): RecordPlace => ({
  chunkPage: seed * 3,
  chunkPages: 1 + (seed % 64),
  offset: (seed * 977) % (1 << 18),
  length: 1 + (seed % 4096),
  checksum: (seed * 0x9e3779b1) >>> 0,
});

/** Keys that collide, neighbours as slots are, and the largest there is. */
const key = fc.oneof(
  fc.nat(300),
  fc.constantFrom(2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1, 0),
  fc.nat(40).map((n) => n * 4096),
);

test("the index of records agrees with a Map, while it grows and shrinks", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ key, seed: fc.nat(9999), drop: fc.boolean() }), { maxLength: 600, size: "max" }),
      (steps) => {
        const index = new RecordIndex();
        const model = new Map<number, number>();
        for (const step of steps) {
          if (step.drop) {
            index.delete(step.key);
            model.delete(step.key);
          } else {
            index.set(step.key, placeOf(step.seed));
            model.set(step.key, step.seed);
          }
        }
        index.verify();
        assert.equal(index.size, model.size);
        for (const { key: each } of steps) {
          const entry = index.find(each);
          const seed = model.get(each);
          if (seed === undefined) {
            assert.equal(entry, NO_ENTRY);
            continue;
          }
          const place = {
            chunkPage: index.chunkPage(entry),
            chunkPages: index.chunkPages(entry),
            offset: index.offset(entry),
            length: index.length(entry),
            checksum: index.checksum(entry),
          };
          assert.deepEqual(place, placeOf(seed));
        }
        for (const each of [...model.keys()]) index.delete(each);
        index.verify();
        assert.equal(index.size, 0);
      },
    ),
    { numRuns: 60 },
  );
});
