// What formats share that say more than one page per record: devices and blocks become keys, a request of several pages
// becomes one request per page, aligned, and what does not fit into a batch waits for the next one.

import { PAGE_SHIFT, PAGE_SIZE } from "@pagetier/base";
import { KeyMap } from "../key-map.js";
import { type BatchBuffer, REQUEST_OPS } from "../trace.js";
import type { ByteHash } from "./byte-hash.js";

/** Keys of device n begin at n * DEVICE_KEYS: 4 PiB each, so that blocks of two devices are never one key. */
export const DEVICE_KEYS = 2 ** 40;
/** Devices, files or address spaces of a trace. */
export const DEVICES_MAX = 2 ** 13;
/** Bytes that a device has at most. */
export const DEVICE_BYTES_MAX = DEVICE_KEYS * PAGE_SIZE;

/** Pages that bytes offset .. offset + length - 1 touch; `length` is at least 1. */
export function pagesTouched(offset: number, length: number): number {
  return pageOf(offset + length - 1) - pageOf(offset) + 1;
}

/** The page that byte `offset` lies in. */
export function pageOf(offset: number): number {
  return offset < 2 ** 31 ? offset >>> PAGE_SHIFT : Math.floor(offset / PAGE_SIZE);
}

/** Puts requests into batches, page by page. */
export class PageRequests {
  #key = 0;
  #step = 0;
  #left = 0;
  #op = 0;
  #time = 0;
  /** Requests to free pages that were left out because nobody asked for them. */
  frees = 0;

  /**
   * Adds requests for keys `key`, `key + step`, … to a batch; what finds no room there waits. Nothing may be waiting yet.
   *
   * @param count requests, at least 1
   * @param op of {@link REQUEST_OPS}
   * @param time nanoseconds; looked at where the batch has times
   * @returns whether there is room for more
   */
  add(batch: BatchBuffer, key: number, count: number, op: number, time: number, step = 1): boolean {
    if (op === REQUEST_OPS.free && batch.ops === undefined) {
      this.frees++;
      return true;
    }
    if (count === 1 && batch.length < batch.capacity) {
      put(batch, batch.length, key, op, time);
      return ++batch.length < batch.capacity;
    }
    this.#key = key;
    this.#step = step;
    this.#left = count;
    this.#op = op;
    this.#time = time;
    return this.drain(batch);
  }

  /** Adds what waits. @returns whether there is room for more */
  drain(batch: BatchBuffer): boolean {
    const end = Math.min(batch.capacity, batch.length + this.#left);
    for (let index = batch.length; index < end; index++) {
      put(batch, index, this.#key, this.#op, this.#time);
      this.#key += this.#step;
    }
    this.#left -= end - batch.length;
    batch.length = end;
    return end < batch.capacity;
  }
}

function put(batch: BatchBuffer, index: number, key: number, op: number, time: number): void {
  const { ops, times } = batch;
  batch.keys[index] = key;
  batch.writes[index] = op & 1;
  if (ops !== undefined) ops[index] = op;
  if (times !== undefined) times[index] = time;
}

/** Numbers devices 0, 1, 2, … by a hash of what names them. */
export class Devices {
  readonly #numbers = new KeyMap();
  #lastLow = 0;
  #lastHigh = 0;
  #lastBase = -1;

  /** @returns the first key of the device; -1 when there are too many devices */
  baseOf(hash: ByteHash): number {
    if (hash.low === this.#lastLow && hash.high === this.#lastHigh && this.#lastBase >= 0) return this.#lastBase;
    const number = this.#numbers.numberOf(hash.value());
    if (number >= DEVICES_MAX) return -1;
    this.#lastLow = hash.low;
    this.#lastHigh = hash.high;
    this.#lastBase = number * DEVICE_KEYS;
    return this.#lastBase;
  }
}
