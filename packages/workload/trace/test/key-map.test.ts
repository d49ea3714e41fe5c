import fc from "fast-check";
import { expect, test } from "vitest";
import { KeyMap, keyOfId } from "../src/key-map.js";

const key = fc.oneof(fc.nat(20), fc.constantFrom(2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1), fc.maxSafeNat());

test("numbers keys like a Map", () => {
  fc.assert(
    fc.property(fc.array(key, { maxLength: 200 }), (keys) => {
      const map = new KeyMap();
      const model = new Map<number, number>();
      for (const one of keys) {
        if (!model.has(one)) model.set(one, model.size);
        expect(map.numberOf(one)).toBe(model.get(one));
      }
      expect(map.count).toBe(model.size);
      for (const [one, number] of model) expect(map.keyOf(number)).toBe(one);
    }),
  );
});

test("numbers many keys at once as it does one by one, also while its tables grow", () => {
  // Few or many different keys, with wide ones from somewhere on or not.
  const parts = fc.array(fc.record({ many: fc.boolean(), wide: fc.boolean(), seed: fc.nat(1000) }), { maxLength: 6 });
  fc.assert(
    fc.property(parts, (list) => {
      const [atOnce, oneByOne] = [new KeyMap(), new KeyMap()];
      for (const { many, wide, seed } of list) {
        const keys = Float64Array.from({ length: 1500 }, (_, index) => {
          const low = Math.imul(index * (many ? 1 : 64) + seed, many ? 0x9e3779b1 : 0x04000000) >>> 0;
          return wide && index % 3 === 0 ? low + (1 + (index % 7)) * 2 ** 32 : low;
        });
        const numbers = new Uint32Array(keys.length).fill(7);
        atOnce.numberAll(keys, numbers, 1, keys.length - 1);
        const expected = keys.map((one, index) => (index % 1499 === 0 ? 7 : oneByOne.numberOf(one)));
        expect([...numbers]).toEqual([...expected]);
      }
      expect(atOnce.count).toBe(oneByOne.count);
    }),
    { numRuns: 30 },
  );
});

test("holds half a million keys in 21 bytes each, and finds them again", () => {
  const map = new KeyMap();
  const keys = 500_000;
  for (let index = 0; index < keys; index++) map.numberOf(index * 64 + 5);
  for (let index = 0; index < keys; index += 997) expect(map.numberOf(index * 64 + 5)).toBe(index);
  expect(map.count).toBe(keys);
  expect(map.memoryBytes() / keys).toBeLessThan(21);
});

test("keeps ids below 2^53 and tells other ids apart", () => {
  expect(keyOfId(5, 0)).toBe(5);
  expect(keyOfId(-1, 0x1fffff)).toBe(2 ** 53 - 1);
  const seen = new Set<number>();
  for (let index = 0; index < 20_000; index++) {
    seen.add(keyOfId(index, 0x80000000));
    seen.add(keyOfId(0x1234, 0x200000 + index));
    seen.add(keyOfId(index << 12, -1));
  }
  expect(seen.size).toBe(60_000);
  expect([...seen].every((one) => Number.isSafeInteger(one) && one >= 0)).toBe(true);
});
