import { failuresOf } from "@pagetier/base/testing";
import { describe, expect, test } from "vitest";
import { shrinkerConformance } from "../src/conformance/index.js";
import { SHRINK_STOP, type ShrinkControl } from "../src/shrinker.js";
import { SampleCache } from "./sample-cache.js";

shrinkerConformance({ describe, test }, () => new SampleCache());

/** Each breaks one rule; the kit must name it. */
const canaries: readonly [fault: string, testThatNamesIt: RegExp, make: () => SampleCache][] = [
  [
    "counts bytes",
    /unit of the scan/,
    () =>
      new (class extends SampleCache {
        override count(control: ShrinkControl): number {
          return super.count(control) * 4096;
        }
      })(),
  ],
  [
    "counts down into the negative",
    /never negative/,
    () =>
      new (class extends SampleCache {
        override count(): number {
          return this.list.size - 30;
        }
      })(),
  ],
  [
    "drops an object while counting",
    /counting changes nothing/,
    () =>
      new (class extends SampleCache {
        override count(control: ShrinkControl): number {
          this.list.delete(this.list.oldest);
          return super.count(control);
        }
      })(),
  ],
  [
    "frees everything on any call",
    /asked to/,
    () =>
      new (class extends SampleCache {
        override scan(control: ShrinkControl): number {
          control.nrToScan = 2 * this.list.size;
          return super.scan(control);
        }
      })(),
  ],
  [
    "says it freed what it only looked at",
    /exactly the objects that are gone/,
    () =>
      new (class extends SampleCache {
        override scan(control: ShrinkControl): number {
          return super.scan(control) === SHRINK_STOP ? SHRINK_STOP : control.nrScanned;
        }
      })(),
  ],
  [
    "counts objects as frames",
    /framesFreed/,
    () =>
      new (class extends SampleCache {
        override scan(control: ShrinkControl): number {
          const result = super.scan(control);
          if (result !== SHRINK_STOP) control.framesFreed = result;
          return result;
        }
      })(),
  ],
  [
    "writes without permission",
    /no I\/O starts/,
    () =>
      new (class extends SampleCache {
        override scan(control: ShrinkControl): number {
          if (!control.mayIo) this.startIo();
          return super.scan(control);
        }
      })(),
  ],
  [
    "looks at nothing for ever",
    /looked at something/,
    () =>
      new (class extends SampleCache {
        override scan(control: ShrinkControl): number {
          const result = super.scan(control);
          if (result === SHRINK_STOP) control.nrScanned = 0;
          return result === SHRINK_STOP ? 0 : result;
        }
      })(),
  ],
  [
    "stops after having freed",
    /stops has freed nothing/,
    () =>
      new (class extends SampleCache {
        override scan(control: ShrinkControl): number {
          super.scan(control);
          return SHRINK_STOP;
        }
      })(),
  ],
  [
    "keeps its favourites for ever",
    /empties the cache/,
    () =>
      new (class extends SampleCache {
        override scan(control: ShrinkControl): number {
          for (let id = 0; id < 5; id++) this.referenced.add(id);
          return super.scan(control);
        }
      })(),
  ],
  [
    "submits what never leaves",
    /leave when their I\/O is done/,
    () =>
      new (class extends SampleCache {
        override async settle(): Promise<void> {}
      })(),
  ],
  [
    "asks for a batch of nothing",
    /cost and a batch/,
    () => {
      const cache = new SampleCache();
      cache.shrinker.batch = 0;
      return cache;
    },
  ],
  [
    "offers what is not there",
    /empty cache offers nothing/,
    () =>
      new (class extends SampleCache {
        override count(): number {
          return Math.max(1, this.list.size);
        }
      })(),
  ],
];

describe("the kit names the fault of a shrinker that", () => {
  for (const [fault, named, make] of canaries) {
    test(fault, async () => {
      const failures = await failuresOf((runner) => shrinkerConformance(runner, make));
      expect(failures.join("\n")).toMatch(named);
    });
  }
});
