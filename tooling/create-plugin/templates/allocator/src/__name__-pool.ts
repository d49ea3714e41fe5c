// One frame per object: nothing is packed, everything is simple.
//
// A handle is the number of the frame that holds the object, and a group is that frame. Sizes are kept in one table by
// frame. Density is that of no pool at all; good as a floor for other allocators.

import {
  type Group,
  type Handle,
  NO_HANDLE,
  READ_AROUND_BYTES,
  TOO_LARGE,
  type Zpool,
  type ZpoolStats,
} from "@pagetier/allocator";
import { assert, ChunkedWords, PAGE_SIZE } from "@pagetier/base";
import { type Frame, NO_FRAME, type PageFrames } from "@pagetier/frames";

export class __Name__Pool implements Zpool {
  readonly type = "__name__";
  readonly maxSize = PAGE_SIZE;
  readonly #frames: PageFrames;
  readonly #owner: number;
  /** Size of the object by frame; 0 where the pool has none. */
  readonly #sizes: ChunkedWords;
  #objects = 0;
  #storedBytes = 0;

  constructor(frames: PageFrames) {
    this.#frames = frames;
    this.#owner = frames.register({ name: this.type });
    this.#sizes = new ChunkedWords(frames);
    this.#sizes.ensure(1); // Now, while there is memory: the first object may come when there is little left.
  }

  malloc(size: number): Handle {
    assert(Number.isInteger(size) && size >= 1 && size <= PAGE_SIZE, "a size is 1..PAGE_SIZE bytes");
    if (size > this.maxSize) return TOO_LARGE;
    const frame = this.#frames.take("reclaim", this.#owner);
    if (frame === NO_FRAME) return NO_HANDLE;
    if (!this.#sizes.ensure(frame + 1)) {
      this.#frames.give(frame);
      return NO_HANDLE;
    }
    this.#sizes.set(frame, size);
    this.#objects++;
    this.#storedBytes += size;
    return frame as number as Handle;
  }

  free(handle: Handle): void {
    const size = this.sizeOf(handle);
    this.#sizes.set(handle, 0);
    this.#objects--;
    this.#storedBytes -= size;
    this.#frames.give(handle as number as Frame);
  }

  write(handle: Handle, source: Uint8Array, start: number, length: number): void {
    assert(length >= 1 && length <= this.sizeOf(handle), "what is written fits the object");
    assert(start >= 0 && start + length <= source.length, "what is written lies in the source");
    const view = this.#frames.view(handle as number as Frame);
    for (let index = 0; index < length; index++) view[index] = source[start + index]!;
  }

  read(handle: Handle, target: Uint8Array, start: number): number {
    const size = this.sizeOf(handle);
    assert(start >= 0 && start + size <= target.length, "the object fits the target");
    const view = this.#frames.view(handle as number as Frame);
    for (let index = 0; index < size; index++) target[start + index] = view[index]!;
    return size;
  }

  readAround(handle: Handle, target: Uint8Array): number {
    assert(target.length >= READ_AROUND_BYTES, "the target has room for two frames");
    assert(this.sizeOf(handle) > 0, "a handle that is read is live");
    target.set(this.#frames.view(handle as number as Frame));
    return 0;
  }

  sizeOf(handle: Handle): number {
    const size = handle > 0 && handle < this.#sizes.capacity ? this.#sizes.get(handle) : 0;
    assert(size > 0, "a handle that is used is live");
    return size;
  }

  totalFrames(): number {
    return this.#objects;
  }

  metadataBytes(): number {
    return this.#sizes.bytes;
  }

  groupOf(handle: Handle): Group {
    assert(this.sizeOf(handle) > 0, "a handle that is asked for is live");
    return handle as number as Group;
  }

  groupHandles(group: Group, into: Uint32Array): number {
    if (this.groupFrames(group) === 0) return 0;
    if (into.length > 0) into[0] = group;
    return 1;
  }

  groupFrames(group: Group): number {
    return group > 0 && group < this.#sizes.capacity && this.#sizes.get(group) > 0 ? 1 : 0;
  }

  compact(_budgetFrames: number): number {
    return 0;
  }

  stats(): ZpoolStats {
    return {
      frames: this.#objects,
      objects: this.#objects,
      storedBytes: this.#storedBytes,
      roundingBytes: this.#objects * PAGE_SIZE - this.#storedBytes,
      partialBytes: 0,
      overheadBytes: 0,
      metadataBytes: this.metadataBytes(),
      classes: [],
    };
  }

  verify(): void {
    let objects = 0;
    let storedBytes = 0;
    for (let frame = 1; frame < this.#sizes.capacity; frame++) {
      const size = this.#sizes.get(frame);
      if (size === 0) continue;
      assert(size <= this.maxSize, "an object fits its frame");
      objects++;
      storedBytes += size;
    }
    assert(objects === this.#objects, "objects counts the frames in use");
    assert(storedBytes === this.#storedBytes, "storedBytes sums their sizes");
  }

  destroy(): void {
    for (let frame = 1; frame < this.#sizes.capacity; frame++) {
      if (this.#sizes.get(frame) > 0) this.#frames.give(frame as Frame);
    }
    this.#sizes.release();
    this.#objects = 0;
    this.#storedBytes = 0;
  }
}
