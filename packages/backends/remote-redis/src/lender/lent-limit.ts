// How much memory a machine lends, decided anew at each look. It gives way at once and by large steps when the machine is short, and comes
// back slowly when it has been at ease for a while; in between it stays where it is, so that it does not swing.

import type { MemoryLook } from "./machine-memory.js";

export interface LentLimitOptions {
  /** Most bytes that are lent. */
  readonly memoryBytes: number;
  /** Bytes that the machine is to have available for itself. */
  readonly keepFreeBytes: number;
}

export type LentMove = "shrink" | "hold" | "grow";

/** Tasks wait for memory in so much of the time: pressure. (systemd's default: 200 ms in 2 s.) */
const STALL_HIGH = 0.1;
/** … and ease. */
const STALL_LOW = 0.02;
/** The machine is at ease when it has so many times what it is to keep. */
const AMPLE = 1.25;
/** Looks at ease before more is lent. */
const CALM_LOOKS = 5;
/** Looks in a row at which nothing told how things are, after which it is taken for pressure. */
const BLIND_LOOKS = 5;
const SHRINK_SHARE_MIN = 1 / 8;
const SHRINK_SHARE_MAX = 1 / 4;
const GROW_SHARE = 1 / 16;

export class LentLimit {
  readonly #options: LentLimitOptions;
  #wanted: number | undefined;
  #calm = 0;
  #blind = 0;

  constructor(options: LentLimitOptions) {
    this.#options = options;
  }

  /** Bytes that may be lent: what the last {@link decide} came to. */
  get wantedBytes(): number {
    return this.#wanted ?? 0;
  }

  /** @param usedBytes that those who borrow use now */
  decide({ availableBytes, stallShare }: MemoryLook, usedBytes: number): LentMove {
    const { memoryBytes, keepFreeBytes } = this.#options;
    this.#blind = availableBytes === undefined ? this.#blind + 1 : 0;
    const spare = availableBytes === undefined ? 0 : availableBytes - AMPLE * keepFreeBytes;
    if (this.#wanted === undefined) {
      this.#wanted = clamp(usedBytes + spare, 0, memoryBytes);
      return "grow";
    }
    const missing = availableBytes === undefined ? 0 : keepFreeBytes - availableBytes;
    if (missing > 0 || (stallShare ?? 0) >= STALL_HIGH || this.#blind >= BLIND_LOOKS) {
      this.#calm = 0;
      const step = clamp(missing, SHRINK_SHARE_MIN * memoryBytes, SHRINK_SHARE_MAX * memoryBytes);
      // From what is used: memory that nobody took helps nobody when it is not lent any more.
      this.#wanted = Math.max(0, Math.floor(Math.min(this.#wanted, usedBytes) - step));
      return "shrink";
    }
    const isAtEase = availableBytes !== undefined && spare >= 0 && (stallShare ?? 0) <= STALL_LOW;
    this.#calm = isAtEase ? this.#calm + 1 : 0;
    if (this.#calm < CALM_LOOKS) return "hold";
    // What is promised may be taken at once, so the machine must have it.
    const grown = Math.floor(Math.min(memoryBytes, this.#wanted + GROW_SHARE * memoryBytes, usedBytes + spare));
    if (grown <= this.#wanted) return "hold";
    this.#wanted = grown;
    return "grow";
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.floor(Math.min(most, Math.max(least, value)));
}
