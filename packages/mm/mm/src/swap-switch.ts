// Turning swap stores on and off while the stack runs.
//
// On: the store is opened, its buffers are charged, and slots come from it. Off: no slot comes from it any more; what it
// holds is emptied (swap-drain.ts), then backends are told, and the store is closed. If there is no room for what it
// holds it is on again, as if nothing had been asked. Where slots are virtual, pages move to other devices first, without
// being brought in, and only what finds no place there comes into memory.
//
// Source: Linux mm/swapfile.c (swapon, swapoff), and mm/frontswap.c of 5.16 (frontswap_shrink).

import { assert, type Counters, TierError } from "@pagetier/base";
import { type Frame, NO_FRAME, type PageFrames } from "@pagetier/frames";
import type { FrontswapHook } from "@pagetier/frontswap";
import { CLUSTER_PAGES, type NamedSwap, type SwapStore } from "./options.js";
import type { SwapArea } from "./swap-area.js";
import { type DrainEnd, type DrainParts, SwapDrain } from "./swap-drain.js";
import { AREAS_MAX } from "./swap-slot.js";
import type { VirtualDevice } from "./virtual-device.js";
import { VirtualSwap } from "./virtual-swap.js";

/** Priority of the first store without one of its own; each further one is lower by one. */
const AUTOMATIC_PRIORITY = -2;
/** Turns to wait for a frame to move pages through, while writes have all of them. */
const FRAME_TURNS_MAX = 16;

/** A store that is on. */
interface TurnedOn {
  readonly swap: NamedSwap;
  readonly chargedBytes: number;
  readonly area: SwapArea;
  /** Where slots are virtual. */
  readonly device: VirtualDevice | undefined;
  leaving?: Promise<number> | undefined;
}

export interface SwapSwitchParts extends DrainParts {
  readonly frames: PageFrames;
  readonly owner: number;
  readonly frontswap: FrontswapHook;
  readonly slots: "device" | "virtual";
  /** @throws TierError MM_NO_ROOM */
  readonly charge: (type: string, bytes: number) => Promise<void>;
  readonly uncharge: (bytes: number) => void;
  /** @throws TierError MM_CLOSED */
  readonly refuseClosed: () => void;
}

export class SwapSwitch {
  readonly #parts: SwapSwitchParts;
  readonly #on = new Map<string, TurnedOn>();
  /** Names of stores that are being opened. */
  readonly #opening = new Set<string>();
  /** What runs, to be waited for before everything closes. */
  readonly #running = new Set<Promise<unknown>>();
  /** Drains, and what they keep from giving out slots. */
  readonly #drains = new Map<SwapDrain, { draining: boolean } | undefined>();
  /** The area before all devices, where slots are virtual. */
  #virtual: SwapArea | undefined;
  #nextPriority = AUTOMATIC_PRIORITY;
  #drainedPages = 0;
  #movedPages = 0;

  constructor(parts: SwapSwitchParts) {
    this.#parts = parts;
  }

  /** Where slots are virtual there are some before any device is on: a pool needs none. Comes first. */
  start(): void {
    if (this.#parts.slots !== "virtual") return;
    this.#virtual = this.#parts.swap.turnOn({ store: new VirtualSwap(), name: "virtual", priority: 0, io: "now" });
    assert(this.#virtual !== undefined, "there is one area where slots are virtual");
  }

  counters(): Counters {
    return { swapDrainedPages: this.#drainedPages, swapMovedPages: this.#movedPages };
  }

  /**
   * Opens a store and swaps to it from now on.
   *
   * @returns the name by which it is turned off
   * @throws TierError STORE_OPEN, MM_NO_ROOM, MM_SWAP_EXISTS, MM_TOO_MANY_SWAPS, MM_CLOSED; the store is closed then
   */
  turnOn(swap: SwapStore): Promise<string> {
    return this.#during(this.#turnOn(swap));
  }

  /**
   * Empties a store and closes it. With `pagesMax` it is emptied of so many pages, and stays on.
   *
   * @returns pages that went from it
   * @throws TierError MM_NO_SWAP, MM_CLOSED; MM_SWAP_IN_USE when what it holds has no room elsewhere or cannot be read: it is
   *   on as before then, and holds what is left
   */
  async turnOff(name: string, pagesMax?: number): Promise<number> {
    const on = this.#on.get(name);
    if (on === undefined) throw this.#unknown(name);
    if (pagesMax !== undefined) return this.#during(this.#empty(on, pagesMax));
    on.leaving ??= this.#during(this.#turnOff(on)).finally(() => {
      on.leaving = undefined;
    });
    return on.leaving;
  }

  /**
   * Brings pages that backends hold back into memory, until at most `targetPages` remain, or free memory is down to the high
   * watermark (Linux: frontswap_shrink).
   *
   * @returns pages that backends hold no more
   */
  shrinkFrontswap(targetPages: number): Promise<number> {
    return this.#during(this.#shrinkFrontswap(targetPages));
  }

  /** Ends every drain, so that the slots it was emptying can be used again. @returns whether there was one */
  cancel(): boolean {
    for (const [drain, source] of this.#drains) {
      drain.cancel();
      if (source !== undefined) source.draining = false;
    }
    return this.#drains.size > 0;
  }

  /** Ends what runs, and waits for it. */
  async stop(): Promise<void> {
    this.cancel();
    await Promise.allSettled(this.#running);
  }

  /** Closes every store. Nothing is on its way to or from any of them. */
  async close(): Promise<void> {
    for (const { swap, chargedBytes } of this.#on.values()) {
      await swap.store.close();
      this.#parts.uncharge(chargedBytes);
    }
    this.#on.clear();
  }

  async #during<Result>(work: Promise<Result>): Promise<Result> {
    this.#running.add(work);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
    }
  }

  async #turnOn({ store, io, ...said }: SwapStore): Promise<string> {
    const name = said.name ?? this.#freeName(store.type);
    if (this.#isTaken(name)) throw exists(name);
    if (this.#on.size + this.#opening.size >= AREAS_MAX) throw tooMany(name);
    const swap: NamedSwap = { store, io, name, priority: said.priority ?? this.#nextPriority-- };
    this.#opening.add(name);
    try {
      await store.open();
      try {
        await store.records?.clearRecords(); // What an earlier life left belongs to nobody.
        const chargedBytes = store.memoryBytes();
        await this.#parts.charge(store.type, chargedBytes);
        this.#parts.refuseClosed();
        this.#on.set(name, { swap, chargedBytes, ...this.#connect(swap) });
      } catch (error) {
        await store.close();
        throw error;
      }
    } finally {
      this.#opening.delete(name);
    }
    return name;
  }

  #connect(swap: NamedSwap): { area: SwapArea; device: VirtualDevice | undefined } {
    if (this.#virtual !== undefined) {
      const device = devicesOf(this.#virtual).add(swap);
      assert(device !== undefined, "as many devices as areas can be told apart");
      return { area: this.#virtual, device };
    }
    const area = this.#parts.swap.turnOn(swap);
    assert(area !== undefined, "a store that was let in has an area");
    return { area, device: undefined };
  }

  async #turnOff(on: TurnedOn): Promise<number> {
    const { swap, area, device, chargedBytes } = on;
    const drain = this.#drainOf(on);
    const source = device ?? area;
    source.draining = true;
    let moved = 0;
    const end = await this.#watched(drain, source, async () => {
      if (device !== undefined) moved = await this.#move(area, device, drain);
      return drain.run();
    });
    if (end !== "done" || drain.isCancelled) {
      source.draining = false;
      throw this.#inUse(on, drain, end === "done" ? "noRoom" : end);
    }
    if (device === undefined) this.#parts.swap.turnOff(area);
    else devicesOf(area).remove(device);
    this.#on.delete(swap.name);
    await swap.store.close();
    this.#parts.uncharge(chargedBytes);
    return drain.given + moved;
  }

  async #empty(on: TurnedOn, pagesMax: number): Promise<number> {
    const drain = this.#drainOf(on);
    const end = await this.#watched(drain, undefined, () => drain.run(pagesMax));
    if (end !== "done") throw this.#inUse(on, drain, end);
    return drain.given;
  }

  async #shrinkFrontswap(targetPages: number): Promise<number> {
    const { frontswap, frames } = this.#parts;
    const isDone = (): boolean => frontswap.currPages() <= targetPages || frames.free <= frames.watermarks.high;
    let given = 0;
    for (const area of [...this.#parts.swap.areasByPriority]) {
      const isWanted = (offset: number): boolean => frontswap.has(area.type, offset);
      const drain = new SwapDrain(this.#parts, { area, isWanted, isDone });
      const excess = frontswap.currPages() - targetPages;
      if (excess > 0) await this.#watched(drain, undefined, () => drain.run(excess));
      given += drain.given;
    }
    return given;
  }

  #drainOf({ area, device }: TurnedOn): SwapDrain {
    return new SwapDrain(this.#parts, {
      area,
      isWanted: (offset) => device === undefined || devicesOf(area).deviceOf(offset) === device,
      isDone: () => (device === undefined ? area.inUse : device.used + device.records) === 0,
    });
  }

  /** Runs a drain that accesses may end. */
  async #watched(
    drain: SwapDrain,
    source: { draining: boolean } | undefined,
    run: () => Promise<DrainEnd>,
  ): Promise<DrainEnd> {
    this.#drains.set(drain, source);
    try {
      return await run();
    } finally {
      this.#drains.delete(drain);
      this.#drainedPages += drain.given;
      this.#parts.refuseClosed();
    }
  }

  /** Moves what lies on a device to others, as long as they have room. @returns pages moved */
  async #move(area: SwapArea, device: VirtualDevice, drain: SwapDrain): Promise<number> {
    const devices = devicesOf(area);
    let moved = 0;
    for (let offset = 1; offset < area.top && devices.free > 0 && !drain.isCancelled; ) {
      const frames = await this.#takeFrames();
      const slots: number[] = [];
      for (; offset < area.top && slots.length < frames.length; offset++) {
        if (devices.deviceOf(offset) !== device || area.pageOf(offset) === undefined || area.isBusy(offset)) continue;
        if (area.isRecord(offset)) continue; // Records are brought in.
        slots.push(offset);
      }
      const gone = await this.#moveSlots(area, slots, frames);
      if (gone === 0) break; // What is left is brought in, if it can be.
      moved += gone;
    }
    this.#movedPages += moved;
    return moved;
  }

  /** @param frames at least one for each slot; they are given back. @returns pages moved */
  async #moveSlots(area: SwapArea, slots: readonly number[], frames: readonly Frame[]): Promise<number> {
    const { swap } = this.#parts;
    for (const slot of slots) area.startIo(slot);
    swap.io.begin();
    try {
      const views = slots.map((_, index) => this.#parts.frames.view(frames[index]!));
      const statuses = slots.length === 0 ? [] : await devicesOf(area).movePages(slots, views);
      return statuses.filter((status) => status === undefined).length;
    } catch {
      return 0; // A store that rejects whole calls.
    } finally {
      for (const slot of slots) area.endIo(slot);
      for (const frame of frames) this.#parts.frames.give(frame);
      swap.io.end();
    }
  }

  /** Frames of the reserve to move a cluster through, as many as there are. */
  async #takeFrames(): Promise<Frame[]> {
    const { frames, owner, scheduler } = this.#parts;
    const taken: Frame[] = [];
    for (let turns = 0; turns < FRAME_TURNS_MAX && taken.length === 0; turns++) {
      if (turns > 0) await scheduler.turn();
      while (taken.length < CLUSTER_PAGES) {
        const frame = frames.take("writeback", owner);
        if (frame === NO_FRAME) break;
        taken.push(frame);
      }
    }
    return taken;
  }

  #freeName(type: string): string {
    if (!this.#isTaken(type)) return type;
    for (let number = 2; ; number++) if (!this.#isTaken(`${type}-${number}`)) return `${type}-${number}`;
  }

  #isTaken(name: string): boolean {
    return this.#on.has(name) || this.#opening.has(name);
  }

  #unknown(name: string): TierError {
    const names = [...this.#on.keys()];
    const there = names.length === 0 ? "none is on" : `these are on: ${names.join(", ")}`;
    return new TierError("MM_NO_SWAP", `there is no swap store ${name}; ${there}.`, { name, names });
  }

  #inUse({ swap: { name }, area, device }: TurnedOn, drain: SwapDrain, end: Exclude<DrainEnd, "done">): TierError {
    const pages = device?.used ?? area.inUse;
    const why = {
      noRoom: `${pages} pages lie there, and neither memory nor other swap stores have room for them; turn another one on, or give more memory`,
      unreadable: `${drain.failedPages} of its pages cannot be read (${messageOf(drain.failure)}); discard them or close their spaces, and try again`,
      held: `${pages} of its slots are held by a backend; try again`,
    };
    const context = { name, pages, failedPages: drain.failedPages };
    const message = `swap store ${name} cannot be turned off: ${why[end]}. It is on as before.`;
    return new TierError("MM_SWAP_IN_USE", message, context, { cause: drain.failure });
  }
}

function devicesOf({ store }: SwapArea): VirtualSwap {
  assert(store instanceof VirtualSwap, "devices stand behind virtual slots");
  return store;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
}

function exists(name: string): TierError {
  return new TierError("MM_SWAP_EXISTS", `a swap store ${name} is on already; give this one another name.`, { name });
}

function tooMany(name: string): TierError {
  return new TierError(
    "MM_TOO_MANY_SWAPS",
    `swap store ${name} would be one of more than ${AREAS_MAX}; turn another one off, or use one larger store.`,
    { name, max: AREAS_MAX },
  );
}
