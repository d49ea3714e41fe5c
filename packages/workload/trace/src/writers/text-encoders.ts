// Encoders of lines.

import { PAGE_SIZE } from "@pagetier/base";
import { DEVICE_KEYS } from "../formats/page-requests.js";
import type { TraceBatch } from "../trace.js";
import { NO_BYTES, type TraceEncoder } from "./encoder.js";

const NS_PER_US = 1000;
const NS_PER_SECOND = 1e9;
/** By REQUEST_OPS. */
const LETTERS = "rwf";

function opOf({ ops, writes }: TraceBatch, index: number): number {
  return ops === undefined ? writes[index]! : ops[index]!;
}

/** One key per line, with r, w or f behind it. */
export class TextEncoder implements TraceEncoder {
  readonly hasTimes = false;
  readonly hasFrees = true;
  readonly hasWrites = true;

  head(): Uint8Array {
    return NO_BYTES;
  }

  encode(batch: TraceBatch): Uint8Array {
    let text = "";
    for (let index = 0; index < batch.length; index++) text += `${batch.keys[index]} ${LETTERS[opOf(batch, index)]}\n`;
    return Buffer.from(text, "latin1");
  }

  tail(): Uint8Array {
    return NO_BYTES;
  }
}

/** Columns with a header that says what they are: places on devices, or keys. */
export class CsvEncoder implements TraceEncoder {
  readonly hasTimes: boolean;
  readonly hasFrees = true;
  readonly hasWrites = true;
  readonly #blocks: boolean;

  /** @param blocks whether keys are pages of devices */
  constructor(blocks: boolean, times: boolean) {
    this.#blocks = blocks;
    this.hasTimes = times;
  }

  head(): Uint8Array {
    const columns = this.#blocks ? "device,op,offset,size" : "op,key";
    return Buffer.from(this.hasTimes ? `time,${columns}\n` : `${columns}\n`);
  }

  encode(batch: TraceBatch): Uint8Array {
    const { length, keys, times } = batch;
    let text = "";
    for (let index = 0; index < length; index++) {
      const key = keys[index]!;
      const letter = LETTERS[opOf(batch, index)];
      if (this.hasTimes) text += `${secondsOf(times?.[index] ?? 0)},`;
      if (this.#blocks) text += `${deviceOf(key)},${letter},${(key % DEVICE_KEYS) * PAGE_SIZE},${PAGE_SIZE}\n`;
      else text += `${letter},${key}\n`;
    }
    return Buffer.from(text, "latin1");
  }

  tail(): Uint8Array {
    return NO_BYTES;
  }
}

function deviceOf(key: number): number {
  return Math.floor(key / DEVICE_KEYS);
}

/** Seconds with nine digits behind the point. */
function secondsOf(ns: number): string {
  const whole = Math.max(0, Math.round(ns));
  const seconds = Math.floor(whole / NS_PER_SECOND);
  return `${seconds}.${String(whole - seconds * NS_PER_SECOND).padStart(9, "0")}`;
}

/** By REQUEST_OPS. */
const FIO_ACTIONS = ["read", "write", "trim"];

/** fio's iolog, version 3. Devices are files called device0, device1, …, added and opened when they first appear. */
export class FioEncoder implements TraceEncoder {
  readonly hasTimes = true;
  readonly hasFrees = true;
  readonly hasWrites = true;
  readonly #devices = new Set<number>();
  #us = 0;

  head(): Uint8Array {
    return Buffer.from("fio version 3 iolog\n");
  }

  encode(batch: TraceBatch): Uint8Array {
    const { length, keys, times } = batch;
    let text = "";
    for (let index = 0; index < length; index++) {
      const key = keys[index]!;
      const device = deviceOf(key);
      this.#us = Math.max(this.#us, Math.floor((times?.[index] ?? 0) / NS_PER_US)); // fio does not go back.
      const line = `${this.#us} device${device}`;
      if (!this.#devices.has(device)) {
        this.#devices.add(device);
        text += `${line} add\n${line} open\n`;
      }
      text += `${line} ${FIO_ACTIONS[opOf(batch, index)]} ${(key % DEVICE_KEYS) * PAGE_SIZE} ${PAGE_SIZE}\n`;
    }
    return Buffer.from(text, "latin1");
  }

  tail(): Uint8Array {
    return Buffer.from([...this.#devices].map((device) => `${this.#us} device${device} close\n`).join(""));
  }
}
