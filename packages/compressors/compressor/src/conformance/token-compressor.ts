import { createHash } from "node:crypto";
import { PAGE_SIZE } from "@pagetier/base";
import { COMPRESSOR_INPUT_BYTES, type Compressor, compressorCorrupt } from "../compressor.js";

const TOKEN_BYTES = 20;

/**
 * For tests of what stands on compressors: a codec that keeps pages aside and answers with their hash, as long as it is told: every page "compresses" to the same
 * length, whatever it holds, and a damaged zpage is noticed.
 */
export class TokenCompressor implements Compressor {
  readonly type = "token";
  readonly input = new Uint8Array(COMPRESSOR_INPUT_BYTES);
  readonly output = new Uint8Array(PAGE_SIZE);
  readonly #lengthBytes: number;
  readonly #pages = new Map<string, Uint8Array>();
  /** Length that `decompress` claims to have restored; a page unless a test says otherwise. */
  restoredBytes = PAGE_SIZE;

  constructor(lengthBytes = 2000) {
    this.#lengthBytes = lengthBytes;
  }

  compress(length: number): number {
    const page = this.input.slice(0, length);
    const token = createHash("sha1").update(page).digest();
    this.#pages.set(token.toString("hex"), page);
    this.output.fill(0);
    this.output.set(token.subarray(0, TOKEN_BYTES));
    return this.#lengthBytes;
  }

  decompress(start: number, length: number): number {
    const token = Buffer.from(this.input.subarray(start, start + TOKEN_BYTES)).toString("hex");
    const page = this.#pages.get(token);
    if (page === undefined) throw compressorCorrupt(this.type, "nobody knows this token", length);
    this.output.set(page);
    return this.restoredBytes;
  }

  memoryBytes(): number {
    return this.input.length + this.output.length;
  }
}
