// Replays recorded frontswap operations on a registry with zswap behind it, and plays MM and the device for it.
//
// Each store brings a page of its own: made of a page file's page, with the slot and how often it was stored written into
// it. The device is a table of which store each slot's blocks come from; what is written back is compared before.

import { deepEqual, equal, ok } from "node:assert/strict";
import { ZsmallocPool } from "@pagetier/allocator-zsmalloc";
import { ZSWAP_OPTIONS_DEFAULT, Zswap } from "@pagetier/backend-zswap";
import { PAGE_SIZE, realScheduler } from "@pagetier/base";
import { Lz4WasmCompressor } from "@pagetier/compressor-lz4";
import { PageFrames } from "@pagetier/frames";
import {
  FrontswapRegistry,
  type StoreOutcome,
  type SwapClaim,
  type SwapWriteback,
  type WritebackOutcome,
} from "@pagetier/frontswap";
import { ShrinkerRegistry } from "@pagetier/shrinker";
import { FRONTSWAP_OPS, type FrontswapTrace, PageContents, type PageFile } from "@pagetier/trace";

const SLOTS_PER_AREA = 2 ** 26;
const CONTENTS_SEED = 1;
/** Write-backs under way at most. */
const CLAIMS_MAX = 32;
/** Operations between two turns of the event loop, in which write-back goes on. */
const TURN_OPS = 64;

/** zswap that refuses what another zswap refused. */
class ForcedZswap extends Zswap {
  refuseNext = false;

  override store(...args: Parameters<Zswap["store"]>): StoreOutcome {
    if (!this.refuseNext) return super.store(...args);
    this.invalidatePage(args[0], args[1]);
    return "refused";
  }
}

export interface FrontswapReplayOptions {
  /** Whether stores are refused exactly where they were recorded to be. */
  readonly forced: boolean;
  readonly budgetBytes: number;
}

export interface FrontswapReplayResult {
  /** What happened, in the words of the recording: S_ok, S_no, L_ok, L_no, I, A, W. */
  readonly counts: Readonly<Record<string, number>>;
  readonly writtenBackPages: number;
  readonly pagesHeldMost: number;
}

export async function replayFrontswap(
  trace: FrontswapTrace,
  pages: PageFile,
  { forced, budgetBytes }: FrontswapReplayOptions,
): Promise<FrontswapReplayResult> {
  const machine = new Machine(pages, forced, budgetBytes);
  const letters = ["S", "L", "I", "A", "W"];
  const counts: Record<string, number> = { S_ok: 0, S_no: 0, L_ok: 0, L_no: 0, I: 0, A: 0, W: 0 };
  let pagesHeldMost = 0;
  for await (const { length, ops, types, offsets, ok: answers } of trace) {
    for (let index = 0; index < length; index++) {
      const op = ops[index]!;
      const type = types[index]!;
      const offset = offsets[index]!;
      const recorded = answers[index] === 1;
      if (op === FRONTSWAP_OPS.store) {
        const stored = machine.store(type, offset, recorded);
        counts[stored ? "S_ok" : "S_no"]!++;
        if (!stored) counts.W!++;
      } else if (op === FRONTSWAP_OPS.load) {
        const hit = machine.load(type, offset);
        if (forced) equal(hit, recorded, `a load of slot ${offset} ends as recorded`);
        counts[hit ? "L_ok" : "L_no"]!++;
      } else if (op === FRONTSWAP_OPS.deviceWrite) {
        if (forced) ok(machine.isOnDevice(type, offset), `slot ${offset} was written after its store was refused`);
      } else {
        if (op === FRONTSWAP_OPS.invalidatePage) machine.invalidatePage(type, offset);
        else machine.invalidateArea(type);
        counts[letters[op]!]!++;
      }
      if (index % TURN_OPS === 0) await realScheduler.turn();
    }
    pagesHeldMost = Math.max(pagesHeldMost, machine.pagesHeld());
    machine.verify();
  }
  return { counts, pagesHeldMost, writtenBackPages: await machine.close(counts) };
}

class Machine {
  readonly #contents: PageContents;
  readonly #registry = new FrontswapRegistry({ writeThrough: false });
  readonly #frames: PageFrames;
  readonly #zswap: ForcedZswap;
  readonly #forced: boolean;
  readonly #areas = new Set<number>();
  /** How often each slot was stored; absent when it is free. */
  readonly #versions = new Map<number, number>();
  /** The store that the device's blocks come from. */
  readonly #device = new Map<number, number>();
  readonly #page = new Uint8Array(PAGE_SIZE);
  readonly #loaded = new Uint8Array(PAGE_SIZE);
  #stores = 0;

  constructor(file: PageFile, forced: boolean, budgetBytes: number) {
    this.#contents = new PageContents(file, CONTENTS_SEED, 0);
    this.#forced = forced;
    this.#frames = new PageFrames({ budgetBytes });
    const pool = new ZsmallocPool(this.#frames, { chainPages: 4, classes: "kernel-6.1" });
    const device = new DeviceWriteback(
      (claim) => this.#describe(claim),
      (claim, version) => this.#version(claim) === version,
      ({ type, offset }, version) => {
        this.#device.set(slotOf(type, offset), version);
        this.#registry.forget(type, offset);
      },
    );
    this.#zswap = new ForcedZswap(
      this.#frames,
      pool,
      new Lz4WasmCompressor(),
      device,
      new ShrinkerRegistry(),
      realScheduler,
      { ...ZSWAP_OPTIONS_DEFAULT, maxPoolPercent: forced ? 100 : 50 },
    );
    this.#registry.register(this.#zswap);
  }

  /** @returns whether frontswap took the page; otherwise it was written to the device */
  store(type: number, offset: number, recorded: boolean): boolean {
    if (!this.#areas.has(type)) {
      this.#areas.add(type);
      this.#registry.swapOn(type);
    }
    const slot = slotOf(type, offset);
    const version = ++this.#stores;
    this.#versions.set(slot, version);
    this.#fill(slot, version);
    this.#zswap.refuseNext = this.#forced && !recorded;
    const stored = this.#registry.store(type, offset, this.#page, "only") === "stored";
    if (this.#forced) equal(stored, recorded, `a store of slot ${offset} ends as recorded`);
    if (!stored) this.#device.set(slot, version);
    return stored;
  }

  /** @returns whether frontswap had the page; otherwise it is on the device */
  load(type: number, offset: number): boolean {
    const slot = slotOf(type, offset);
    const version = this.#versions.get(slot);
    ok(version !== undefined, `slot ${offset} was stored before it is loaded`);
    if (this.#registry.load(type, offset, this.#loaded) === "miss") {
      equal(this.#device.get(slot), version, `the device has what was last stored of slot ${offset}`);
      return false;
    }
    this.#fill(slot, version);
    equal(Buffer.compare(this.#loaded, this.#page), 0, `slot ${offset} gives back what was last stored`);
    return true;
  }

  invalidatePage(type: number, offset: number): void {
    this.#registry.invalidatePage(type, offset);
    this.#versions.delete(slotOf(type, offset));
    this.#device.delete(slotOf(type, offset));
  }

  invalidateArea(type: number): void {
    this.#registry.swapOff(type);
    this.#areas.delete(type);
    for (const slot of [...this.#versions.keys()]) {
      if (Math.floor(slot / SLOTS_PER_AREA) === type) this.#versions.delete(slot);
    }
  }

  isOnDevice(type: number, offset: number): boolean {
    const slot = slotOf(type, offset);
    return this.#versions.has(slot) && this.#device.get(slot) === this.#versions.get(slot);
  }

  pagesHeld(): number {
    return this.#zswap.currPages();
  }

  verify(): void {
    this.#registry.verify();
    this.#zswap.verify();
  }

  /** Compares the registry's counters with what was seen. @returns pages that were written back */
  async close(counts: Readonly<Record<string, number>>): Promise<number> {
    await this.#registry.close();
    this.verify();
    const { succStores, failedStores, loads } = this.#registry.counters();
    deepEqual(
      { succStores, failedStores, loads },
      {
        succStores: counts.S_ok,
        failedStores: counts.S_no,
        loads: counts.L_ok,
      },
    );
    equal(this.#registry.currPages(), 0, "nothing is held after the area was turned off");
    equal(this.#zswap.poolFrames(), 0, "no frame is held after the area was turned off");
    return this.#zswap.counters().writtenBackPages!;
  }

  #fill(slot: number, version: number): void {
    this.#page.set(this.#contents.pageFor(slot, version));
    new DataView(this.#page.buffer).setFloat64(0, slot);
    new DataView(this.#page.buffer).setFloat64(8, version);
  }

  #version({ type, offset }: SwapClaim): number | undefined {
    return this.#versions.get(slotOf(type, offset));
  }

  /** The store whose page is being written back; it must be the last one. */
  #describe(claim: SwapClaim): number {
    const version = this.#version(claim);
    ok(version !== undefined, `slot ${claim.offset}, which is written back, is in use`);
    this.#fill(slotOf(claim.type, claim.offset), version);
    equal(Buffer.compare(claim.page, this.#page), 0, `what is written back of slot ${claim.offset} was last stored`);
    return version;
  }
}

function slotOf(type: number, offset: number): number {
  return type * SLOTS_PER_AREA + offset;
}

/** Writes at the next turn of the event loop. */
class DeviceWriteback implements SwapWriteback {
  readonly #free: Uint8Array[] = Array.from({ length: CLAIMS_MAX }, () => new Uint8Array(PAGE_SIZE));
  readonly #writes = new Set<Promise<void>>();
  readonly #describe: (claim: SwapClaim) => number;
  readonly #isCurrent: (claim: SwapClaim, version: number) => boolean;
  readonly #written: (claim: SwapClaim, version: number) => void;

  constructor(
    describe: (claim: SwapClaim) => number,
    isCurrent: (claim: SwapClaim, version: number) => boolean,
    written: (claim: SwapClaim, version: number) => void,
  ) {
    this.#describe = describe;
    this.#isCurrent = isCurrent;
    this.#written = written;
  }

  claim(type: number, offset: number): SwapClaim | "noMemory" {
    const page = this.#free.pop();
    return page === undefined ? "noMemory" : { type, offset, page };
  }

  release(claim: SwapClaim): void {
    this.#free.push(claim.page);
  }

  track<Result>(work: Promise<Result>): Promise<Result> {
    return work; // Nobody reclaims here.
  }

  submit(claim: SwapClaim, settled: (outcome: WritebackOutcome) => boolean): void {
    const write = this.#write(claim, this.#describe(claim), settled);
    this.#writes.add(write);
    void write.then(() => this.#writes.delete(write));
  }

  async flush(): Promise<void> {
    await Promise.all(this.#writes);
  }

  async #write(claim: SwapClaim, version: number, settled: (outcome: WritebackOutcome) => boolean): Promise<void> {
    await realScheduler.turn();
    const outcome = this.#isCurrent(claim, version) ? "written" : "failed";
    if (settled(outcome)) this.#written(claim, version);
    this.#free.push(claim.page);
  }
}
