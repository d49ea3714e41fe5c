import type { ShrinkerSubject } from "../src/conformance/index.js";
import { ListLru, LRU_REMOVED, LRU_ROTATE, LRU_SKIP, type LruCallback } from "../src/list-lru.js";
import { SHRINK_EMPTY, SHRINK_STOP, type ShrinkControl } from "../src/shrinker.js";

const OBJECTS_PER_FRAME = 2;
const DIRTY_EVERY = 3;

/** A cache that meets the contract: two objects share a frame, every third object must be written before it may go, each gets a second chance. */
export class SampleCache implements ShrinkerSubject {
  readonly list = new ListLru();
  readonly referenced = new Set<number>();
  readonly writing = new Set<number>();
  #next = 0;
  #io = 0;
  #control: ShrinkControl | undefined;
  readonly shrinker = {
    name: "sample",
    batch: 16,
    countObjects: (control: ShrinkControl) => this.count(control),
    scanObjects: (control: ShrinkControl) => this.scan(control),
  };

  fill(objects: number): void {
    this.list.ensure(this.#next + objects);
    for (let added = 0; added < objects; added++) {
      this.referenced.add(this.#next);
      this.list.add(this.#next++);
    }
  }

  objects(): number {
    return this.list.size + this.writing.size;
  }

  frames(): number {
    return Math.ceil(this.objects() / OBJECTS_PER_FRAME);
  }

  ioStarted(): number {
    return this.#io;
  }

  async settle(): Promise<void> {
    this.writing.clear();
  }

  verify(): void {
    this.list.verify();
  }

  count(_control: ShrinkControl): number {
    return this.list.size === 0 ? SHRINK_EMPTY : this.list.size;
  }

  scan(control: ShrinkControl): number {
    const frames = this.frames();
    this.#control = control;
    const before = this.objects();
    this.list.walk(this.isolate, control.nrToScan);
    if (this.list.walked === 0) return SHRINK_STOP;
    control.nrScanned = this.list.walked;
    control.framesFreed = frames - this.frames();
    return before - this.objects();
  }

  readonly isolate: LruCallback = (id) => {
    const control = this.#control!;
    if (this.referenced.delete(id)) return LRU_ROTATE;
    if (id % DIRTY_EVERY !== 0) return LRU_REMOVED;
    if (!control.mayIo) return LRU_SKIP;
    this.startIo();
    this.writing.add(id);
    control.submitted++;
    return LRU_REMOVED;
  };

  startIo(): void {
    this.#io++;
  }
}
