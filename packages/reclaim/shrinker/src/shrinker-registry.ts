// The registry of shrinkers, and the arithmetic by which pressure becomes work.
//
// Reclaim names a priority, 12 (gentle) to 0 (everything), and each cache is asked for its share: freeable >> priority
// objects, four times that divided by what an object costs to make again. Work comes in batches; what does not fill a
// batch, or what a cache could not do now, is deferred and added to the next round, up to twice the size of the cache.
// There is no goal size anywhere: balance between caches emerges from count × seeks.
//
// A round may be short of time. Each shrinker is then scanned once all the same (one that is dear ends its scan after an
// object), what was not done is deferred, and the next round begins behind the shrinker that used the time up.
//
//   freeable = count                                       0 or EMPTY: nothing to do
//   delta    = seeks ? 4 × (freeable >> priority) / seeks : freeable / 2
//   total    = min((deferred >> priority) + delta, 2 × freeable)
//   while total ≥ batch or total ≥ freeable:  scan min(batch, total); total −= scanned
//   deferred = clamp(deferred + delta − scanned, 0, 2 × freeable)
//
// The shift comes before the multiplication, so small caches are left alone at low pressure; all of the deferred work is
// carried on although only deferred >> priority of it was due. Divisions round down.
//
// Source: Linux 6.18 mm/shrinker.c, do_shrink_slab() and shrink_slab(), for one node and one memcg.

import { assert, type Counters } from "@pagetier/base";
import { injectable } from "@pagetier/di";
import {
  DEFAULT_BATCH,
  DEFAULT_SEEKS,
  SHRINK_EMPTY,
  SHRINK_STOP,
  type ShrinkControl,
  type Shrinker,
  type Shrinkers,
  type ShrinkResult,
} from "./shrinker.js";

const PRIORITY_MOST = 12;
const ALWAYS = (): boolean => true;

/** A registered shrinker, what it still owes, and what it has done. */
class Registration {
  readonly seeks: number;
  readonly batch: number;
  registered = true;
  /** Objects that earlier rounds left undone. */
  deferred = 0;
  counts = 0;
  scans = 0;
  stops = 0;
  objectsScanned = 0;
  objectsFreed = 0;
  framesFreed = 0;
  submitted = 0;

  constructor(readonly shrinker: Shrinker) {
    this.seeks = shrinker.seeks ?? DEFAULT_SEEKS;
    this.batch = shrinker.batch ?? DEFAULT_BATCH;
    assert(Number.isInteger(this.seeks) && this.seeks >= 0, "seeks is a count");
    assert(Number.isInteger(this.batch) && this.batch >= 1, "a batch is at least one object");
  }

  counters(): ShrinkerCounters {
    const { counts, scans, stops, objectsScanned, objectsFreed, framesFreed, submitted, deferred } = this;
    return { counts, scans, stops, objectsScanned, objectsFreed, framesFreed, submitted, deferred };
  }
}

/** What one shrinker, or all of them, did since it was registered. */
export interface ShrinkerCounters extends Counters {
  /** Calls of `countObjects`. */
  readonly counts: number;
  /** Calls of `scanObjects`. */
  readonly scans: number;
  /** Scan calls that answered SHRINK_STOP. */
  readonly stops: number;
  /** Objects looked at, those of stopped calls left out. */
  readonly objectsScanned: number;
  /** Objects freed, in the shrinker's unit. */
  readonly objectsFreed: number;
  readonly framesFreed: number;
  /** Objects sent on their way out through I/O. */
  readonly submitted: number;
  /** Level: objects of work carried to the next round. */
  readonly deferred: number;
}

@injectable()
export class ShrinkerRegistry implements Shrinkers {
  #registrations: Registration[] = [];
  readonly #control: ShrinkControl = {
    nrToScan: 0,
    priority: 0,
    mayIo: false,
    mayFs: false,
    nrScanned: 0,
    framesFreed: 0,
    submitted: 0,
    mayGoOn: ALWAYS,
  };
  #running = false;
  /** Where the next round begins: behind the shrinker with which the time of the last one ended, so that each has its turn. */
  #first = 0;

  register(shrinker: Shrinker): void {
    assert(this.#find(shrinker.name) === undefined, "a shrinker's name is free when it is registered");
    this.#registrations.push(new Registration(shrinker));
  }

  unregister(shrinker: Shrinker): void {
    const registration = this.#registrations.find((each) => each.shrinker === shrinker);
    assert(registration !== undefined, "a shrinker that is unregistered was registered");
    registration.registered = false; // A round that is under way looks at this before each call.
    this.#registrations = this.#registrations.filter((each) => each !== registration);
  }

  shrink(priority: number, mayIo: boolean, mayFs: boolean, mayGoOn: () => boolean = ALWAYS): ShrinkResult {
    assert(Number.isInteger(priority) && priority >= 0 && priority <= PRIORITY_MOST, "a priority is 0..12");
    assert(!this.#running, "a shrinker does not reclaim while it is called by reclaim");
    let objectsFreed = 0;
    let framesFreed = 0;
    let submitted = 0;
    this.#running = true;
    try {
      // A shrinker that is registered during the round is called from the next round on: unregister and register replace
      // or extend the list, and this loop keeps the length it started with.
      const round = this.#registrations;
      const members = round.length;
      const first = this.#first < members ? this.#first : 0;
      let next: number | undefined;
      for (let index = 0; index < members; index++) {
        const place = (first + index) % members;
        const registration = round[place]!;
        if (!registration.registered) continue;
        const { framesFreed: framesBefore, submitted: submittedBefore } = registration;
        objectsFreed += this.#shrinkOne(registration, priority, mayIo, mayFs, mayGoOn);
        framesFreed += registration.framesFreed - framesBefore;
        submitted += registration.submitted - submittedBefore;
        if (next === undefined && !mayGoOn()) next = (place + 1) % members;
      }
      this.#first = next ?? 0;
    } finally {
      this.#running = false;
    }
    return { objectsFreed, framesFreed, submitted };
  }

  /** Names, in the order in which a round calls them. */
  get names(): readonly string[] {
    return this.#registrations.map(({ shrinker }) => shrinker.name);
  }

  /** What the shrinker of that name did, `undefined` when there is none. */
  countersOf(name: string): ShrinkerCounters | undefined {
    return this.#find(name)?.counters();
  }

  /** Sums over the shrinkers registered now. */
  counters(): ShrinkerCounters {
    const sum = {
      counts: 0,
      scans: 0,
      stops: 0,
      objectsScanned: 0,
      objectsFreed: 0,
      framesFreed: 0,
      submitted: 0,
      deferred: 0,
    };
    for (const each of this.#registrations) {
      sum.counts += each.counts;
      sum.scans += each.scans;
      sum.stops += each.stops;
      sum.objectsScanned += each.objectsScanned;
      sum.objectsFreed += each.objectsFreed;
      sum.framesFreed += each.framesFreed;
      sum.submitted += each.submitted;
      sum.deferred += each.deferred;
    }
    return sum;
  }

  /** Throws AssertionError at the first broken invariant. */
  verify(): void {
    const names = new Set<string>();
    for (const each of this.#registrations) {
      assert(!names.has(each.shrinker.name), "each name belongs to one shrinker");
      names.add(each.shrinker.name);
      assert(each.registered, "only registered shrinkers are listed");
      assert(each.deferred >= 0, "deferred work is not negative");
      assert(each.stops <= each.scans, "a stop is a scan call");
      assert(each.objectsScanned >= each.scans - each.stops, "a scan call that did not stop looked at an object");
    }
    assert(!this.#running, "no round is under way between calls");
  }

  #find(name: string): Registration | undefined {
    return this.#registrations.find(({ shrinker }) => shrinker.name === name);
  }

  /** One shrinker's share of a round. @returns objects freed */
  #shrinkOne(
    registration: Registration,
    priority: number,
    mayIo: boolean,
    mayFs: boolean,
    mayGoOn: () => boolean,
  ): number {
    const { shrinker, seeks, batch } = registration;
    const control = this.#control;
    control.priority = priority;
    control.mayIo = mayIo;
    control.mayFs = mayFs;
    control.mayGoOn = mayGoOn;
    this.#prepare(0);
    registration.counts++;
    const freeable = shrinker.countObjects(control);
    if (freeable === 0 || freeable === SHRINK_EMPTY) return 0;
    assert(Number.isInteger(freeable) && freeable > 0, "a count is a whole number of objects");

    const divisor = 2 ** priority; // Counts may exceed 32 bits, so no shifts.
    const delta = seeks > 0 ? Math.floor((Math.floor(freeable / divisor) * 4) / seeks) : Math.floor(freeable / 2);
    let total = Math.min(Math.floor(registration.deferred / divisor) + delta, 2 * freeable);
    let scanned = 0;
    let freed = 0;
    while (registration.registered && (total >= batch || total >= freeable) && (scanned === 0 || mayGoOn())) {
      this.#prepare(Math.min(batch, total));
      registration.scans++;
      const result = shrinker.scanObjects(control);
      registration.framesFreed += control.framesFreed;
      registration.submitted += control.submitted;
      if (result === SHRINK_STOP) {
        registration.stops++;
        break;
      }
      assert(Number.isInteger(result) && result >= 0, "a scan answers objects freed, or SHRINK_STOP");
      assert(control.nrScanned > 0, "a scan that looked at nothing answers SHRINK_STOP"); // Else it would never end.
      freed += result;
      total -= control.nrScanned;
      scanned += control.nrScanned;
    }
    registration.objectsScanned += scanned;
    registration.objectsFreed += freed;
    registration.deferred = Math.min(Math.max(registration.deferred + delta - scanned, 0), 2 * freeable);
    return freed;
  }

  #prepare(nrToScan: number): void {
    const control = this.#control;
    control.nrToScan = nrToScan;
    control.nrScanned = nrToScan;
    control.framesFreed = 0;
    control.submitted = 0;
  }
}
