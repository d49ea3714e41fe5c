import { assert, PAGE_SIZE } from "@pagetier/base";
import { type Frame, NO_FRAME, type PageFrames } from "@pagetier/frames";
import {
  type Group,
  type Handle,
  NO_HANDLE,
  READ_AROUND_BYTES,
  TOO_LARGE,
  type Zpool,
  type ZpoolStats,
} from "../zpool.js";

/** What an object costs beside its frame. */
const RECORD_BYTES = 128;

/** The simplest pool that keeps the contract: a frame for each object. To read, and to derive faulty ones from. */
export class ReferenceZpool implements Zpool {
  readonly type: string = "reference";
  readonly maxSize: number = 4000;
  protected readonly frames: PageFrames;
  protected readonly owner: number;
  protected readonly objects = new Map<Handle, { frame: Frame; readonly size: number }>();
  #next = 1;

  constructor(frames: PageFrames) {
    this.frames = frames;
    this.owner = frames.register({ name: this.type, relocate: (from, to) => this.relocate(from, to) });
  }

  malloc(size: number): Handle {
    assert(Number.isInteger(size) && size >= 1 && size <= PAGE_SIZE, "a size is 1 to PAGE_SIZE bytes");
    if (size > this.maxSize) return TOO_LARGE;
    if (!this.frames.charge(RECORD_BYTES)) return NO_HANDLE;
    const frame = this.frames.take("reclaim", this.owner);
    if (frame === NO_FRAME) {
      this.frames.uncharge(RECORD_BYTES);
      return NO_HANDLE;
    }
    const handle = this.#next++ as Handle;
    this.objects.set(handle, { frame, size });
    return handle;
  }

  free(handle: Handle): void {
    const { frame } = this.find(handle);
    this.frames.give(frame);
    this.frames.uncharge(RECORD_BYTES);
    this.objects.delete(handle);
  }

  write(handle: Handle, source: Uint8Array, start: number, length: number): void {
    const { frame, size } = this.find(handle);
    assert(length >= 1 && length <= size, "the bytes fit the object");
    assert(start >= 0 && start + length <= source.length, "the range lies in the source");
    this.frames.view(frame).set(source.subarray(start, start + length));
  }

  read(handle: Handle, target: Uint8Array, start: number): number {
    const { frame, size } = this.find(handle);
    assert(start >= 0 && start + size <= target.length, "the object fits the target");
    target.set(this.frames.view(frame).subarray(0, size), start);
    return size;
  }

  readAround(handle: Handle, target: Uint8Array): number {
    assert(target.length >= READ_AROUND_BYTES, "the target has room for two frames");
    target.set(this.frames.view(this.find(handle).frame));
    return 0;
  }

  sizeOf(handle: Handle): number {
    return this.find(handle).size;
  }

  totalFrames(): number {
    return this.objects.size;
  }

  metadataBytes(): number {
    return this.objects.size * RECORD_BYTES;
  }

  groupOf(handle: Handle): Group {
    this.find(handle);
    return Number(handle) as Group;
  }

  groupHandles(group: Group, into: Uint32Array): number {
    if (this.groupFrames(group) === 0) return 0;
    if (into.length > 0) into[0] = group;
    return 1;
  }

  groupFrames(group: Group): number {
    return this.objects.has(Number(group) as Handle) ? 1 : 0;
  }

  compact(_budgetFrames: number): number {
    return 0;
  }

  stats(): ZpoolStats {
    const frames = this.objects.size;
    let storedBytes = 0;
    for (const { size } of this.objects.values()) storedBytes += size;
    return {
      frames,
      objects: frames,
      storedBytes,
      roundingBytes: frames * PAGE_SIZE - storedBytes,
      partialBytes: 0,
      overheadBytes: 0,
      metadataBytes: this.metadataBytes(),
      classes: [],
    };
  }

  verify(): void {
    const seen = new Set<Frame>();
    for (const { frame } of this.objects.values()) {
      assert(!seen.has(frame), "no two objects share a frame");
      seen.add(frame);
    }
  }

  destroy(): void {
    for (const { frame } of this.objects.values()) this.frames.give(frame);
    this.frames.uncharge(this.metadataBytes());
    this.objects.clear();
  }

  protected find(handle: Handle): { frame: Frame; readonly size: number } {
    const object = this.objects.get(handle);
    assert(object !== undefined, "the handle is live");
    return object;
  }

  protected relocate(from: Frame, to: Frame): boolean {
    for (const object of this.objects.values()) {
      if (object.frame !== from) continue;
      this.frames.view(to).set(this.frames.view(from));
      object.frame = to;
      return true;
    }
    return false;
  }
}
