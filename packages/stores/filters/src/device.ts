// A model of a device before any store: how long its commands take, given how many are under way.
//
// A call becomes one command for each run of neighbouring slots. A command takes the channel that is free first, waits
// there for the medium (a fixed latency; on a disk a seek and a rotation), and then for its turn on the bus, over which
// the bytes go one command after another. The store beneath is called at once; the answer is held back until the model
// says that the device would be done. Works in virtual time (give it a store that takes no time) and in real time.
//
//   nvme      latency 45/17 µs, 7.0/5.0 GB/s, 64 channels     4 KiB at depth 1: 22,000/60,000 a second
//   sata      latency 70/21 µs, 560/530 MB/s, 32 channels     4 KiB at depth 1: 13,000/36,000 a second
//   disk      7200 rpm, seeks of 1 to 17 ms by distance, 180 MB/s, one arm; a command that goes on where the last ended does neither seek nor rotate
//   network   a round trip of 50 µs and 10 Gbit/s, for the memory of another machine
//
// Figures: data sheets of the vendors, rounded (Samsung 980 PRO and 870 EVO; a desktop disk of 2 TB), and for the network
// what one switch and a kernel's TCP take. They are a class of devices each, not a product.
import { type Counters, PAGE_SIZE, type PluginNode, type Prng, type Scheduler } from "@pagetier/base";
import {
  type BackingStore,
  type RecordStore,
  type SlotStatus,
  STORE_CONTRACT,
  type StorePlugin,
} from "@pagetier/store";
import { z } from "zod";
import { type FilterNode, FilterStore, NEXT_POSITION, nextOf, pagesOf } from "./filter-store.js";

/** Names of the models. */
export const DEVICE_MODELS = ["nvme", "sata", "disk", "network"] as const;
export type DeviceModelName = (typeof DEVICE_MODELS)[number];

/** What a device takes its time for. */
export interface DeviceModel {
  /** Microseconds of a command apart from moving bytes. */
  readonly readUs: number;
  readonly writeUs: number;
  readonly readMBps: number;
  readonly writeMBps: number;
  /** Commands that wait for the medium at the same time. */
  readonly channels: number;
  readonly flushUs: number;
  /** Seek from track to track and over the whole disk, in microseconds; 0: there is no arm. */
  readonly seekMinUs: number;
  readonly seekMaxUs: number;
  /** One revolution in microseconds, of which a command that seeks waits a random part. */
  readonly rotationUs: number;
}

const FLASH = { seekMinUs: 0, seekMaxUs: 0, rotationUs: 0 };

export const DEVICES: Readonly<Record<DeviceModelName, DeviceModel>> = {
  nvme: { ...FLASH, readUs: 45, writeUs: 16, readMBps: 7000, writeMBps: 5000, channels: 64, flushUs: 500 },
  sata: { ...FLASH, readUs: 70, writeUs: 20, readMBps: 560, writeMBps: 530, channels: 32, flushUs: 2000 },
  disk: {
    readUs: 100,
    writeUs: 100,
    readMBps: 180,
    writeMBps: 180,
    channels: 1,
    flushUs: 10_000,
    seekMinUs: 1000,
    seekMaxUs: 17_000,
    rotationUs: 8333,
  },
  network: { ...FLASH, readUs: 50, writeUs: 50, readMBps: 1250, writeMBps: 1250, channels: 256, flushUs: 50 },
};

export interface DeviceOptions extends Partial<DeviceModel> {
  /** Whose figures stand where none are given. */
  readonly model: DeviceModelName;
}

/** Pages over which a disk's longest seek goes, where the store beneath has no end of its own: 1 TiB. */
const ENDLESS_PAGES = 2 ** 28;

export class DeviceStore extends FilterStore {
  readonly type = "device";
  readonly #scheduler: Scheduler;
  readonly #prng: Prng;
  readonly #model: DeviceModel;
  /** When each channel is free, and the bus. */
  readonly #channels: number[];
  #busFree = 0;
  /** Slot behind the last command. */
  #head = 0;
  #reads = 0;
  #writes = 0;
  #readBytes = 0;
  #writtenBytes = 0;
  #flushes = 0;
  #seeks = 0;
  #busyNs = 0;
  #waitedNs = 0;

  constructor(next: BackingStore, scheduler: Scheduler, prng: Prng, options: DeviceOptions) {
    super(next);
    const { model, ...given } = options;
    this.#scheduler = scheduler;
    this.#prng = prng;
    this.#model = { ...DEVICES[model], ...given };
    this.#channels = new Array<number>(this.#model.channels).fill(0);
  }

  override get records(): RecordStore | undefined {
    const { records } = this.next;
    if (records === undefined) return undefined;
    return {
      putRecords: (list) =>
        this.#until(records.putRecords(list), this.#command(this.#head, pagesOf(list, PAGE_SIZE), true)),
      getRecord: async (key, into, neighbours) => {
        let read = 0;
        const counted = neighbours && {
          recordsMax: neighbours.recordsMax,
          visit: (neighbour: number, bytes: Uint8Array): void => {
            read += bytes.length;
            neighbours.visit(neighbour, bytes);
          },
        };
        const bytes = await records.getRecord(key, into, counted);
        return this.#until(Promise.resolve(bytes), this.#command(key, (read + bytes) / PAGE_SIZE, false));
      },
      deleteRecords: (keys) => records.deleteRecords(keys),
      clearRecords: () => records.clearRecords(),
    };
  }

  override readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]> {
    return this.#until(this.next.readPages(slots, into), this.#commands(slots, false));
  }

  override writePages(slots: readonly number[], from: readonly Uint8Array[], lent?: boolean): Promise<SlotStatus[]> {
    return this.#until(this.next.writePages(slots, from, lent), this.#commands(slots, true));
  }

  override flush(): Promise<void> {
    this.#flushes++;
    const done = Math.max(this.#scheduler.clock.now(), this.#busFree, ...this.#channels) + this.#model.flushUs * 1000;
    return this.#until(this.next.flush(), done);
  }

  protected ownCounters(): Counters {
    return {
      deviceReadCommands: this.#reads,
      deviceWriteCommands: this.#writes,
      deviceReadBytes: this.#readBytes,
      deviceWrittenBytes: this.#writtenBytes,
      deviceFlushes: this.#flushes,
      deviceSeeks: this.#seeks,
      deviceBusyNs: this.#busyNs,
      deviceQueuedNs: this.#waitedNs,
    };
  }

  /** Issues a call's commands. @returns when the last of them is done */
  #commands(slots: readonly number[], isWrite: boolean): number {
    const sorted = [...slots].sort((a, b) => a - b);
    let done = 0;
    for (let start = 0; start < sorted.length; ) {
      let end = start + 1;
      while (end < sorted.length && sorted[end] === sorted[end - 1]! + 1) end++;
      done = Math.max(done, this.#command(sorted[start]!, end - start, isWrite));
      start = end;
    }
    return done;
  }

  /** @param pages how much is moved, in pages; a record may be less than one */
  #command(slot: number, pages: number, isWrite: boolean): number {
    const { readUs, writeUs, readMBps, writeMBps } = this.#model;
    const now = this.#scheduler.clock.now();
    const bytes = Math.round(pages * PAGE_SIZE);
    const channel = this.#earliest();
    const start = Math.max(now, this.#channels[channel]!);
    const ready = start + (isWrite ? writeUs : readUs) * 1000 + this.#travelNs(slot);
    const done = Math.max(ready, this.#busFree) + (bytes * 1000) / (isWrite ? writeMBps : readMBps);
    this.#busFree = done;
    this.#channels[channel] = done;
    this.#head = slot + Math.ceil(pages);
    this.#busyNs += done - start;
    this.#waitedNs += start - now;
    if (isWrite) {
      this.#writes++;
      this.#writtenBytes += bytes;
    } else {
      this.#reads++;
      this.#readBytes += bytes;
    }
    return done;
  }

  /** The arm's way to a slot, and the part of a revolution until it comes by. */
  #travelNs(slot: number): number {
    const { seekMinUs, seekMaxUs, rotationUs } = this.#model;
    if (seekMaxUs === 0 || slot === this.#head) return 0;
    this.#seeks++;
    const { capacity } = this.next;
    const pages = Number.isFinite(capacity) ? capacity : ENDLESS_PAGES;
    const distance = Math.min(1, Math.abs(slot - this.#head) / pages);
    return (seekMinUs + (seekMaxUs - seekMinUs) * Math.sqrt(distance) + this.#prng.unit() * rotationUs) * 1000;
  }

  #earliest(): number {
    let earliest = 0;
    for (let channel = 1; channel < this.#channels.length; channel++) {
      if (this.#channels[channel]! < this.#channels[earliest]!) earliest = channel;
    }
    return earliest;
  }

  #until<Result>(work: Promise<Result>, done: number): Promise<Result> {
    return this.closing ? work : this.tracked(this.#answerAt(work, done));
  }

  async #answerAt<Result>(work: Promise<Result>, done: number): Promise<Result> {
    const wait = done - this.#scheduler.clock.now();
    const time = wait > 0 ? this.#scheduler.sleep(wait) : undefined;
    try {
      return await work;
    } finally {
      await time;
    }
  }
}

const us = z.number().min(0).optional();

const deviceOptions = z.strictObject({
  model: z.enum(DEVICE_MODELS),
  readUs: us,
  writeUs: us,
  readMBps: z.number().positive().optional(),
  writeMBps: z.number().positive().optional(),
  channels: z.int().min(1).max(4096).optional(),
  flushUs: us,
  seekMinUs: us,
  seekMaxUs: us,
  rotationUs: us,
});

export const plugin: StorePlugin<z.output<typeof deviceOptions>> = {
  family: "store",
  contract: STORE_CONTRACT,
  name: "device",
  summary: "Takes the time of a modelled device: nvme, sata, disk or network, with its queue.",
  options: deviceOptions,
  positions: NEXT_POSITION,
  create: (parts, { model, ...given }) => {
    const figures = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    return new DeviceStore(nextOf("device", parts), parts.scheduler, parts.prng, { model, ...figures });
  },
};

/** The recipe node of a {@link DeviceStore}. */
export function device(node: DeviceOptions & FilterNode): PluginNode {
  return { use: "device", ...node };
}
