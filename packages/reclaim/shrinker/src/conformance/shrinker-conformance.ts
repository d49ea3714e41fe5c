// What every shrinker promises, as tests: counting and scanning speak of the same objects, a scan does what it was asked
// and no more, nothing is done without permission, and under steady pressure a cache becomes empty.

import assert from "node:assert/strict";
import type { TestRunner } from "@pagetier/base/testing";
import fc from "fast-check";
import { DEFAULT_BATCH, SHRINK_EMPTY, SHRINK_STOP, type ShrinkControl, type Shrinker } from "../shrinker.js";
import { ShrinkerRegistry } from "../shrinker-registry.js";

/** A shrinker and the cache behind it, freshly made and empty. */
export interface ShrinkerSubject {
  readonly shrinker: Shrinker;
  /** Puts that many objects into the cache, all of which pressure may take. At most a few hundred at a time. */
  fill(objects: number): void;
  /** Objects in the cache, as the cache itself knows them; in the unit of `countObjects`, those that I/O is about to take included. */
  objects(): number;
  /** Frames that the cache holds. A cache that holds none answers 0. */
  frames(): number;
  /** I/O requests started so far; leave it out when the cache never does I/O. */
  ioStarted?(): number;
  /** Lets the I/O under way end well; leave it out when the cache never does I/O. */
  settle?(): Promise<void>;
  /** Throws at the first broken invariant of the cache. */
  verify(): void;
}

type MakeSubject = () => ShrinkerSubject;

/** What one scan call answered, and what it did. */
interface Scan {
  readonly result: number;
  readonly control: ShrinkControl;
  /** Objects and frames that were gone when the call returned. */
  readonly objectsGone: number;
  readonly framesGone: number;
  readonly ioStarted: number;
}

const controlOf = (nrToScan: number, mayIo: boolean): ShrinkControl => ({
  nrToScan,
  priority: 0,
  mayIo,
  mayFs: mayIo,
  nrScanned: nrToScan,
  framesFreed: 0,
  submitted: 0,
});

const countOf = ({ shrinker }: ShrinkerSubject, mayIo = true): number => shrinker.countObjects(controlOf(0, mayIo));

function scan(subject: ShrinkerSubject, nrToScan: number, mayIo = true): Scan {
  const control = controlOf(nrToScan, mayIo);
  const objects = subject.objects();
  const frames = subject.frames();
  const io = subject.ioStarted?.() ?? 0;
  const result = subject.shrinker.scanObjects(control);
  return {
    result,
    control,
    objectsGone: objects - subject.objects(),
    framesGone: frames - subject.frames(),
    ioStarted: (subject.ioStarted?.() ?? 0) - io,
  };
}

const batchOf = ({ shrinker }: ShrinkerSubject): number => shrinker.batch ?? DEFAULT_BATCH;

/** A cache gets rid of everything within so many scans of all of it; second chances and I/O take some. */
const ROUNDS_MOST = 50;

/** Counting and single scans. */
export function scanningConformance({ describe, test }: TestRunner, make: MakeSubject): void {
  describe("scanning", () => {
    test("states a cost and a batch that pressure can be computed with", () => {
      const { shrinker } = make();
      assert.ok(shrinker.name.length > 0);
      assert.ok(Number.isInteger(shrinker.seeks ?? 0) && (shrinker.seeks ?? 0) >= 0);
      assert.ok(Number.isInteger(shrinker.batch ?? 1) && (shrinker.batch ?? 1) >= 1);
    });

    test("an empty cache offers nothing and gives nothing", () => {
      const subject = make();
      assert.ok([0, SHRINK_EMPTY].includes(countOf(subject)));
      const { result, control } = scan(subject, 10);
      assert.ok([0, SHRINK_STOP].includes(result));
      assert.equal(control.framesFreed, 0);
      assert.equal(control.submitted, 0);
      subject.verify();
    });

    test("a count is a whole number of objects, never negative, or SHRINK_EMPTY", () => {
      const subject = make();
      for (let round = 0; round < 5; round++) {
        for (const mayIo of [true, false]) {
          const count = countOf(subject, mayIo);
          assert.ok(count === SHRINK_EMPTY || (Number.isInteger(count) && count >= 0), `the count is ${count}`);
        }
        subject.fill(20);
        scan(subject, 15);
      }
    });

    test("counting changes nothing", () => {
      const subject = make();
      subject.fill(30);
      const objects = subject.objects();
      const frames = subject.frames();
      const counts = [countOf(subject), countOf(subject), countOf(subject)];
      assert.deepEqual([subject.objects(), subject.frames()], [objects, frames]);
      assert.equal(new Set(counts).size, 1, "the same question has the same answer");
      subject.verify();
    });

    test("the count is in the unit of the scan: never more than the objects there are", () => {
      const subject = make();
      for (const objects of [1, 10, 100]) {
        subject.fill(objects);
        const count = countOf(subject);
        assert.ok(count <= subject.objects(), `${count} of ${subject.objects()} objects could be freed`);
      }
      assert.ok(countOf(subject) > 0, "a full cache has something to offer");
    });

    test("a scan answers exactly the objects that are gone", () => {
      const subject = make();
      subject.fill(100);
      for (let round = 0; round < 20; round++) {
        const { result, objectsGone } = scan(subject, 7);
        assert.equal(result === SHRINK_STOP ? 0 : result, objectsGone);
        subject.verify();
      }
    });

    test("framesFreed are exactly the frames that are free when the call returns", () => {
      const subject = make();
      subject.fill(100);
      for (let round = 0; round < 20; round++) {
        const { control, framesGone } = scan(subject, 7);
        assert.equal(control.framesFreed, framesGone);
      }
    });

    test("a scan looks at what it was asked to, give or take a batch, and frees no more than it looked at", () => {
      for (const nrToScan of [1, 3, 10]) {
        const subject = make();
        subject.fill(200);
        const { result, control } = scan(subject, nrToScan);
        if (result === SHRINK_STOP) continue;
        assert.ok(control.nrScanned < nrToScan + batchOf(subject), `asked for ${nrToScan}, took ${control.nrScanned}`);
        assert.ok(result + control.submitted <= control.nrScanned, "freed and submitted objects were looked at");
      }
    });

    test("a scan that does not stop looked at something", () => {
      const subject = make();
      for (let round = 0; round < ROUNDS_MOST; round++) {
        if (round < 3) subject.fill(10);
        const { result, control } = scan(subject, 10);
        assert.ok(result === SHRINK_STOP || (Number.isInteger(result) && result >= 0), `the scan answered ${result}`);
        if (result !== SHRINK_STOP) assert.ok(control.nrScanned > 0, "else the caller would never end");
      }
    });

    test("a scan that stops has freed nothing", () => {
      for (const mayIo of [true, false]) {
        const subject = make();
        subject.fill(50);
        for (let round = 0; round < 30; round++) {
          const { result, control, objectsGone } = scan(subject, 5, mayIo);
          if (result === SHRINK_STOP) assert.deepEqual([objectsGone, control.framesFreed], [0, 0]);
        }
      }
    });
  });
}

/** What a caller forbids is not done. */
export function permissionConformance({ describe, test }: TestRunner, make: MakeSubject): void {
  describe("permission", () => {
    test("without mayIo no I/O starts and nothing is submitted", () => {
      const subject = make();
      subject.fill(100);
      for (let round = 0; round < ROUNDS_MOST; round++) {
        const { control, ioStarted } = scan(subject, 10, false);
        assert.deepEqual([ioStarted, control.submitted], [0, 0]);
      }
      subject.verify();
    });

    test("a round without permission does not spoil one with it", async () => {
      const subject = make();
      subject.fill(60);
      for (let round = 0; round < 10; round++) scan(subject, 10, false);
      await emptied(subject);
    });
  });
}

/** Repeated scans. */
export function pressureConformance({ describe, test }: TestRunner, make: MakeSubject): void {
  describe("pressure", () => {
    test("steady pressure empties the cache", async () => {
      const subject = make();
      subject.fill(200);
      await emptied(subject);
    });

    test("a registry at priority 0 empties the cache", async () => {
      const subject = make();
      const registry = new ShrinkerRegistry();
      registry.register(subject.shrinker);
      subject.fill(200);
      for (let round = 0; round < ROUNDS_MOST && subject.objects() > 0; round++) {
        registry.shrink(0, true, true);
        await subject.settle?.();
        registry.verify();
        subject.verify();
      }
      assert.equal(subject.objects(), 0);
      assert.equal(subject.frames(), 0);
    });

    test("submitted objects leave when their I/O is done", async () => {
      const subject = make();
      subject.fill(100);
      let submitted = 0;
      let gone = 0;
      const before = subject.objects();
      for (let round = 0; round < ROUNDS_MOST && submitted === 0; round++) {
        const each = scan(subject, 10);
        submitted += each.control.submitted;
        gone += each.objectsGone;
      }
      await subject.settle?.();
      assert.equal(before - subject.objects(), gone + submitted);
      subject.verify();
    });

    test("any order of filling, scanning and I/O keeps the books", async () => {
      const step = fc.oneof(
        { weight: 3, arbitrary: fc.record({ fill: fc.integer({ min: 1, max: 20 }) }) },
        { weight: 4, arbitrary: fc.record({ scan: fc.integer({ min: 1, max: 30 }), mayIo: fc.boolean() }) },
        { weight: 1, arbitrary: fc.constant({ settle: true }) },
      );
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          const subject = make();
          let expected = 0;
          let submitted = 0;
          for (const each of steps) {
            if ("fill" in each) {
              const before = subject.objects();
              subject.fill(each.fill);
              expected += each.fill;
              assert.equal(subject.objects() - before, each.fill, "filling adds what it says");
            } else if ("scan" in each) {
              const { result, control } = scan(subject, each.scan, each.mayIo);
              if (result !== SHRINK_STOP) expected -= result;
              submitted += control.submitted;
            } else {
              await subject.settle?.();
              expected -= submitted;
              submitted = 0;
              assert.equal(subject.objects(), expected, "what was submitted is gone, once");
            }
            assert.ok(subject.objects() <= expected && subject.objects() >= expected - submitted);
            subject.verify();
          }
        }),
        { numRuns: 40 },
      );
    });
  });
}

/** Everything that a shrinker promises. */
export function shrinkerConformance(runner: TestRunner, make: MakeSubject): void {
  scanningConformance(runner, make);
  permissionConformance(runner, make);
  pressureConformance(runner, make);
}

/** Scans all of the cache again and again until nothing is left. */
async function emptied(subject: ShrinkerSubject): Promise<void> {
  for (let round = 0; round < ROUNDS_MOST && subject.objects() > 0; round++) {
    const count = countOf(subject);
    if (count > 0) scan(subject, count);
    await subject.settle?.();
    subject.verify();
  }
  assert.equal(subject.objects(), 0, "objects that pressure may take are taken in the end");
  assert.equal(subject.frames(), 0, "an empty cache holds no frame");
  assert.ok([0, SHRINK_EMPTY].includes(countOf(subject)));
}
