import type { Group, Handle, Zpool, ZpoolStats } from "@pagetier/allocator";
import { type CpuMeter, PAGE_SIZE } from "@pagetier/base";
import { type AllocatorCosts, allocatorCosts, type Costs, costOf } from "./costs.js";

/** An allocator that charges its work. */
export class ChargedZpool implements Zpool {
  readonly type: string;
  readonly maxSize: number;
  readonly #inner: Zpool;
  readonly #meter: CpuMeter;
  readonly #costs: AllocatorCosts;

  constructor(inner: Zpool, meter: CpuMeter, costs: Costs) {
    this.type = inner.type;
    this.maxSize = inner.maxSize;
    this.#inner = inner;
    this.#meter = meter;
    this.#costs = allocatorCosts(costs, inner.type);
  }

  malloc(size: number): Handle {
    this.#meter.charge(this.#costs.malloc);
    return this.#inner.malloc(size);
  }

  free(handle: Handle): void {
    this.#meter.charge(this.#costs.free);
    this.#inner.free(handle);
  }

  write(handle: Handle, source: Uint8Array, start: number, length: number): void {
    this.#meter.charge(costOf(this.#costs.write, length));
    this.#inner.write(handle, source, start, length);
  }

  read(handle: Handle, target: Uint8Array, start: number): number {
    const length = this.#inner.read(handle, target, start);
    this.#meter.charge(costOf(this.#costs.read, length));
    return length;
  }

  readAround(handle: Handle, target: Uint8Array): number {
    this.#meter.charge(costOf(this.#costs.read, this.#inner.sizeOf(handle)));
    return this.#inner.readAround(handle, target);
  }

  sizeOf(handle: Handle): number {
    return this.#inner.sizeOf(handle);
  }

  totalFrames(): number {
    return this.#inner.totalFrames();
  }

  metadataBytes(): number {
    return this.#inner.metadataBytes();
  }

  groupOf(handle: Handle): Group {
    return this.#inner.groupOf(handle);
  }

  groupHandles(group: Group, into: Uint32Array): number {
    return this.#inner.groupHandles(group, into);
  }

  groupFrames(group: Group): number {
    return this.#inner.groupFrames(group);
  }

  /** Charged as copying the frames that it empties. */
  compact(budgetFrames: number): number {
    const frames = this.#inner.compact(budgetFrames);
    this.#meter.charge(frames * (costOf(this.#costs.read, PAGE_SIZE) + costOf(this.#costs.write, PAGE_SIZE)));
    return frames;
  }

  stats(): ZpoolStats {
    return this.#inner.stats();
  }

  verify(): void {
    this.#inner.verify();
  }

  destroy(): void {
    this.#inner.destroy();
  }
}
