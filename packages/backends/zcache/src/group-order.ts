// Recency of groups: the orders that let whole groups of zpages go.
//
// The allocator knows which objects share frames, and nothing of time; here is kept when the last zpage joined each group and
// how many it has. A record per group: 32 bytes, and 4 for each number that the allocator gave to one. Groups of about the
// same density are a heap by age (age-heaps.ts); a choice compares the oldest of each (group-choice.ts).
//
// Compaction moves objects between groups without saying which. So what a record says is a hint: it is corrected when its
// group is chosen, and a group that is gone is forgotten then. A moved zpage has the age of the group it came to.

import { type Group, type Handle, NO_GROUP, type Zpool } from "@pagetier/allocator";
import { type Accountant, assert, ChunkedWords, type Prng } from "@pagetier/base";
import { Records } from "@pagetier/tmem";
import { AgeHeaps, BUCKET, COUNT, FRAMES, GROUP, STAMP } from "./age-heaps.js";
import { type EvictionOrder, VICTIMS_MAX } from "./eviction-order.js";
import type { GroupChoice } from "./group-choice.js";

/** In a record's place for its bucket: it is in no heap. */
const HELD = 0xffffffff;

export class GroupOrder implements EvictionOrder {
  chosenFrames = 0;
  readonly #pool: Zpool;
  readonly #pageByHandle: ChunkedWords;
  readonly #choice: GroupChoice;
  /** Chooses at random instead. */
  readonly #random: Prng | undefined;
  readonly #records: Records;
  readonly #recordByGroup: ChunkedWords;
  readonly #heaps: AgeHeaps;
  readonly #handles = new Uint32Array(VICTIMS_MAX);
  /** One past the highest group ever seen. */
  #end = 1;
  #chosen: Group = NO_GROUP;
  #leaving: Group = NO_GROUP;
  #held: Group = NO_GROUP;

  /** @param pageByHandle which page an object is */
  constructor(
    pool: Zpool,
    pageByHandle: ChunkedWords,
    choice: GroupChoice,
    accountant: Accountant,
    random: Prng | undefined,
  ) {
    this.#pool = pool;
    this.#pageByHandle = pageByHandle;
    this.#choice = choice;
    this.#random = random;
    this.#records = new Records(accountant);
    this.#recordByGroup = new ChunkedWords(accountant);
    this.#heaps = new AgeHeaps(this.#records, choice.buckets);
  }

  ensure(_pages: number, handle: Handle): boolean {
    return this.#recordByGroup.ensure(this.#pool.groupOf(handle) + 1) && this.#records.reserve();
  }

  add(_page: number, handle: Handle): void {
    const group = this.#pool.groupOf(handle);
    let record = this.#recordOf(group);
    if (record === 0) record = this.#make(group);
    else this.#unlink(record);
    this.#records.set(record, COUNT, this.#records.get(record, COUNT) + 1);
    this.#stamp(record);
    this.#link(record);
  }

  touch(_page: number, handle: Handle): void {
    const record = this.#recordOf(this.#pool.groupOf(handle));
    if (record === 0) return;
    this.#unlink(record);
    this.#stamp(record);
    this.#link(record);
  }

  leaving(_page: number, handle: Handle): void {
    this.#leaving = this.#pool.groupOf(handle);
  }

  left(): void {
    const record = this.#recordOf(this.#leaving);
    if (record === 0) return;
    if (this.#pool.groupFrames(this.#leaving) === 0) {
      this.#forget(record);
      return;
    }
    this.#recount(record, Math.max(1, this.#records.get(record, COUNT) - 1));
  }

  hold(handle: Handle): void {
    this.#held = this.#pool.groupOf(handle);
    const record = this.#recordOf(this.#held);
    if (record !== 0) this.#unlink(record);
  }

  release(): void {
    const record = this.#recordOf(this.#held);
    if (record === 0) return;
    if (this.#pool.groupFrames(this.#held) > 0) this.#link(record);
    else this.#forget(record); // It was the record of an earlier group of that number.
  }

  choose(pages: Uint32Array): number {
    for (let record = this.#best(); record !== 0; record = this.#best()) {
      const group = this.#records.get(record, GROUP) as Group;
      const count = this.#pool.groupHandles(group, this.#handles);
      if (count === 0) {
        this.#forget(record); // Compaction emptied it.
        continue;
      }
      if (count !== this.#records.get(record, COUNT)) {
        this.#recount(record, count); // It is not what it seemed: another may be the better choice.
        continue;
      }
      this.#chosen = group;
      this.chosenFrames = this.#pool.groupFrames(group);
      const listed = Math.min(count, VICTIMS_MAX);
      for (let index = 0; index < listed; index++) pages[index] = this.#pageByHandle.get(this.#handles[index]!);
      return listed;
    }
    return 0;
  }

  spare(): void {
    const record = this.#recordOf(this.#chosen);
    if (record === 0) return;
    this.#unlink(record);
    this.#stamp(record);
    this.#link(record);
  }

  memoryBytes(): number {
    return this.#records.bytes + this.#recordByGroup.bytes;
  }

  verify(_zpages: number): void {
    assert(this.#heaps.verify() === this.#records.live, "every group is in a heap");
    let records = 0;
    for (let group = 1; group < this.#end; group++) {
      const record = this.#recordByGroup.get(group);
      if (record === 0) continue;
      records++;
      assert(this.#records.get(record, GROUP) === group, "a group's record leads back to it");
    }
    assert(records === this.#records.live, "every record is a group's");
  }

  /** Asserts that each group in which a zpage lies can be chosen. */
  verifyGroupOf(handle: Handle): void {
    assert(this.#recordOf(this.#pool.groupOf(handle)) !== 0, "the group of every zpage can be chosen");
  }

  /** The record of the group that should go, 0: there is none. */
  #best(): number {
    if (this.#random !== undefined) return this.#anyRecord(this.#random);
    const { buckets } = this.#choice;
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let bucket = 0; bucket < buckets; bucket++) {
      const record = this.#heaps.oldest(bucket);
      if (record === 0) continue;
      const cost = this.#choice.cost(this.#densityOf(record), Math.max(1, this.#heaps.ageOf(record)));
      if (cost >= least) continue;
      best = record;
      least = cost;
    }
    return best;
  }

  #anyRecord(random: Prng): number {
    if (this.#heaps.oldest(0) === 0) return 0; // All that there are is held.
    for (;;) {
      const record = 1 + random.below(this.#records.end - 1);
      const group = this.#records.get(record, GROUP);
      if (this.#recordOf(group as Group) === record && this.#records.get(record, BUCKET) !== HELD) return record;
    }
  }

  #densityOf(record: number): number {
    return this.#records.get(record, COUNT) / this.#records.get(record, FRAMES);
  }

  #recordOf(group: Group): number {
    return group < this.#recordByGroup.capacity ? this.#recordByGroup.get(group) : 0;
  }

  #make(group: Group): number {
    const record = this.#records.allocate();
    this.#records.set(record, GROUP, group);
    this.#records.set(record, COUNT, 0);
    this.#records.set(record, BUCKET, HELD);
    this.#recordByGroup.set(group, record);
    this.#end = Math.max(this.#end, group + 1);
    return record;
  }

  #forget(record: number): void {
    this.#unlink(record);
    this.#recordByGroup.set(this.#records.get(record, GROUP), 0);
    this.#records.free(record);
  }

  #recount(record: number, count: number): void {
    const held = this.#records.get(record, BUCKET) === HELD;
    this.#unlink(record);
    this.#records.set(record, COUNT, count);
    if (!held) this.#link(record);
  }

  #stamp(record: number): void {
    this.#heaps.now = (this.#heaps.now + 1) >>> 0;
    this.#records.set(record, STAMP, this.#heaps.now);
  }

  #link(record: number): void {
    this.#records.set(record, FRAMES, Math.max(1, this.#pool.groupFrames(this.#records.get(record, GROUP) as Group)));
    this.#heaps.add(record, this.#choice.bucketOf(this.#densityOf(record)));
  }

  #unlink(record: number): void {
    if (this.#records.get(record, BUCKET) === HELD) return;
    this.#heaps.remove(record);
    this.#records.set(record, BUCKET, HELD);
  }
}
