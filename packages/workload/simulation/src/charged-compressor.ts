import type { Counters, CpuMeter } from "@pagetier/base";
import { type Compressor, INCOMPRESSIBLE } from "@pagetier/compressor";
import { type CompressorCosts, type Costs, compressorCosts, costOf } from "./costs.js";

/** A compressor that charges its work. */
export class ChargedCompressor implements Compressor {
  readonly type: string;
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  readonly #inner: Compressor;
  readonly #meter: CpuMeter;
  readonly #costs: CompressorCosts;
  #compressions = 0;
  #decompressions = 0;
  #codecNs = 0;

  constructor(inner: Compressor, meter: CpuMeter, costs: Costs) {
    this.type = inner.type;
    this.input = inner.input;
    this.output = inner.output;
    this.#inner = inner;
    this.#meter = meter;
    this.#costs = compressorCosts(costs, inner.type);
  }

  compress(length: number): number {
    const result = this.#inner.compress(length);
    const { compress, incompressible } = this.#costs;
    this.#compressions++;
    this.#charge(result === INCOMPRESSIBLE ? incompressible : costOf(compress, result));
    return result;
  }

  decompress(start: number, length: number): number {
    this.#decompressions++;
    this.#charge(costOf(this.#costs.decompress, length));
    return this.#inner.decompress(start, length);
  }

  memoryBytes(): number {
    return this.#inner.memoryBytes();
  }

  /** Calls, and what they were charged. */
  counters(): Counters {
    return { compressions: this.#compressions, decompressions: this.#decompressions, codecNs: this.#codecNs };
  }

  #charge(ns: number): void {
    this.#codecNs += ns;
    this.#meter.charge(ns);
  }
}
