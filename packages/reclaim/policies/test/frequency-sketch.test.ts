import { createPrng, UNCHARGED } from "@pagetier/base";
import { expect, test } from "vitest";
import { FrequencySketch } from "../src/tables/frequency-sketch.js";

function sketchOf(pages: number): FrequencySketch {
  const sketch = new FrequencySketch(pages, UNCHARGED);
  sketch.ensure();
  return sketch;
}

test("an estimate is never too small before the first aging, and seldom too large", () => {
  const sketch = sketchOf(1000);
  const random = createPrng(3);
  const exact = new Map<number, number>();
  for (let use = 0; use < 5000; use++) {
    const id = Math.floor(1000 * random.unit() ** 3);
    sketch.use(id);
    exact.set(id, (exact.get(id) ?? 0) + 1);
  }
  let tooLarge = 0;
  for (let id = 0; id < 1000; id++) {
    const uses = Math.min(16, exact.get(id) ?? 0);
    expect(sketch.frequency(id)).toBeGreaterThanOrEqual(uses);
    if (sketch.frequency(id) > uses) tooLarge++;
  }
  expect(tooLarge).toBeLessThan(100);
});

test("counts end at sixteen: fifteen in the sketch, one at the door", () => {
  const sketch = sketchOf(100);
  for (let use = 0; use < 50; use++) sketch.use(7);
  expect(sketch.frequency(7)).toBe(16);
});

test("after ten uses per page counts are halved and the door is closed again", () => {
  const sketch = sketchOf(10);
  for (let use = 0; use < 99; use++) sketch.use(7);
  expect(sketch.frequency(7)).toBe(16);
  sketch.use(7);
  expect(sketch.frequency(7)).toBe(7);
});

test("tables are made once, when they are paid for", () => {
  const refused = new FrequencySketch(1000, { charge: () => false, uncharge: () => undefined });
  expect([refused.ensure(), refused.bytes]).toEqual([false, 0]);
  let paid = 0;
  const sketch = new FrequencySketch(1000, {
    charge: (bytes) => {
      paid += bytes;
      return true;
    },
    uncharge: () => undefined,
  });
  expect([sketch.ensure(), sketch.ensure()]).toEqual([true, true]);
  expect(sketch.bytes).toBe(paid);
  expect(paid).toBe(1024 * 2 + 1024);
});
