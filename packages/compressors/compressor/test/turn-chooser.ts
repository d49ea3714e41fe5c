import { type Counters, PAGE_SIZE } from "@pagetier/base";
import { type CodecChooser, type Compressor, INCOMPRESSIBLE } from "../src/index.js";
import { RunLengthCompressor } from "./run-length-compressor.js";

/** The least chooser that keeps the contract: its two codecs take turns. */
export class TurnChooser implements CodecChooser {
  readonly type: string = "turn";
  readonly first: Compressor = new RunLengthCompressor();
  codecs: readonly Compressor[] = [this.first, new RunLengthCompressor()];
  input = this.first.input;
  chosen = 0;
  counted = { pages: 0, raw: 0 };

  compress(): number {
    const codec = this.codecs[this.next()]!;
    if (codec !== this.first) codec.input.set(this.input.subarray(0, PAGE_SIZE));
    const length = codec.compress(PAGE_SIZE);
    if (length === INCOMPRESSIBLE) this.counted.raw++;
    return length;
  }

  /** Makes the other codec the chosen one. */
  next(): number {
    this.counted.pages++;
    this.chosen = this.counted.pages % 2;
    return this.chosen;
  }

  counters(): Counters {
    return { ...this.counted };
  }

  memoryBytes(): number {
    return this.codecs.reduce((sum, codec) => sum + codec.memoryBytes(), 0);
  }
}
