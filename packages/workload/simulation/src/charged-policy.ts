import type { CpuMeter } from "@pagetier/base";
import type { EvictionPolicy } from "@pagetier/policy";
import type { Costs } from "./costs.js";

/** A policy that charges looking for a page that should leave, and what a fault costs when the page comes. */
export class ChargedPolicy implements EvictionPolicy {
  readonly type: string;
  readonly condemns?: boolean;
  readonly activate?: (id: number) => void;
  readonly #inner: EvictionPolicy;
  readonly #meter: CpuMeter;
  readonly #costs: Costs;

  constructor(inner: EvictionPolicy, meter: CpuMeter, costs: Costs) {
    this.type = inner.type;
    this.#inner = inner;
    this.#meter = meter;
    this.#costs = costs;
    if (inner.condemns !== undefined) this.condemns = inner.condemns;
    if (inner.activate !== undefined) this.activate = (id) => inner.activate?.(id);
  }

  get size(): number {
    return this.#inner.size;
  }

  get active(): number {
    return this.#inner.active ?? 0;
  }

  has(id: number): boolean {
    return this.#inner.has(id);
  }

  hit(id: number): void {
    this.#inner.hit(id);
  }

  admit(id: number): number {
    this.#meter.charge(this.#costs.fault);
    return this.#inner.admit(id);
  }

  victim(): number {
    this.#meter.charge(this.#costs.scan);
    return this.#inner.victim();
  }

  rotate(id: number): void {
    this.#inner.rotate(id);
  }

  remove(id: number): void {
    this.#inner.remove(id);
  }

  memoryBytes(): number {
    return this.#inner.memoryBytes();
  }

  verify(): void {
    this.#inner.verify();
  }
}
