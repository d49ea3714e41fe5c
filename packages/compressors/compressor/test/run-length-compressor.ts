import { assert, PAGE_SIZE } from "@pagetier/base";
import { COMPRESSOR_INPUT_BYTES, type Compressor, compressorCorrupt, INCOMPRESSIBLE } from "../src/index.js";

/** The least codec that keeps the contract: repetitions of up to three bytes become (count, period, bytes). */
export class RunLengthCompressor implements Compressor {
  readonly type: string = "run-length";
  input = new Uint8Array(COMPRESSOR_INPUT_BYTES);
  output = new Uint8Array(PAGE_SIZE);

  compress(length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "1..PAGE_SIZE bytes");
    let written = 0;
    for (let at = 0; at < length; ) {
      let bestPeriod = 1;
      let best = 1;
      for (let period = 1; period <= 3; period++) {
        let run = Math.min(period, length - at);
        while (run < 255 && at + run < length && this.input[at + run] === this.input[at + run - period]) run++;
        if (run > best) [best, bestPeriod] = [run, period];
      }
      if (written + 2 + bestPeriod >= length) return INCOMPRESSIBLE;
      this.output[written++] = best;
      this.output[written++] = bestPeriod;
      for (let index = 0; index < bestPeriod; index++) this.output[written++] = this.input[at + index]!;
      at += best;
    }
    return written;
  }

  decompress(start: number, length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "1..PAGE_SIZE bytes");
    assert(start >= 0 && start + length <= COMPRESSOR_INPUT_BYTES, "the bytes lie in the input");
    const end = start + length;
    let restored = 0;
    for (let at = start; at < end; ) {
      const run = this.input[at]!;
      const period = this.input[at + 1]!;
      if (run === 0 || period === 0 || period > 3 || at + 2 + period > end || restored + run > PAGE_SIZE) {
        throw this.corrupt(length);
      }
      for (let index = 0; index < run; index++) this.output[restored++] = this.input[at + 2 + (index % period)]!;
      at += 2 + period;
    }
    return restored;
  }

  corrupt(length: number): Error {
    return compressorCorrupt(this.type, "they are no whole runs", length);
  }

  memoryBytes(): number {
    return this.input.length + this.output.length;
  }
}
