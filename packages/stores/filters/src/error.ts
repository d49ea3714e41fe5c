// A store that fails on purpose: the nth operation, every kth, or each with a probability. A page or record read or
// written, and a flush, are an operation each. What fails does not reach the store beneath; the other slots of its call
// do. With effect "flip" nothing fails: one bit of the page changes on its way, and nobody is told.
import { type Counters, type PluginNode, type Prng, TierError } from "@pagetier/base";
import {
  type BackingStore,
  isSlot,
  type NowStore,
  type RecordStore,
  type SlotStatus,
  STORE_CONTRACT,
  type StorePlugin,
  type StoreRecord,
  sameStatus,
} from "@pagetier/store";
import { z } from "zod";
import { type FilterNode, FilterStore, NEXT_POSITION, nextOf } from "./filter-store.js";

export type ErrorCode = "STORE_IO" | "STORE_NO_SPACE" | "STORE_CORRUPT";
type Operation = "read" | "write" | "flush";

export interface ErrorOptions {
  /** Operations that count and may fail. Default `"any"`. */
  readonly on?: Operation | "any";
  /** Fails the nth operation (1, 2, 3 …) and, with `times`, those after it. */
  readonly nth?: number | undefined;
  /** How many operations fail from the nth on. Default 1. */
  readonly times?: number | "always";
  /** Fails every kth operation. */
  readonly every?: number | undefined;
  /** Fails each operation with this probability, 0..1. */
  readonly probability?: number | undefined;
  /** Code of the failures. Default `STORE_IO`. */
  readonly code?: ErrorCode;
  /** `"slot"` (the default) fails the slot that is hit, `"call"` all slots of its call. */
  readonly scope?: "slot" | "call";
  /** `"fail"` (the default), or `"flip"`: changes one bit of a page silently. */
  readonly effect?: "fail" | "flip";
}

export class ErrorStore extends FilterStore implements NowStore {
  readonly type = "error";
  readonly #prng: Prng;
  readonly #options: ErrorOptions;
  #operations = 0;
  #failures = 0;
  #flips = 0;

  /** @throws TierError STORE_BAD_OPTION unless exactly one of `nth`, `every`, `probability` is given */
  constructor(next: BackingStore, prng: Prng, options: ErrorOptions) {
    super(next);
    const message = complaint(options);
    if (message !== undefined) throw new TierError("STORE_BAD_OPTION", message, { ...options });
    this.#prng = prng;
    this.#options = options;
  }

  override get now(): NowStore | undefined {
    return this.next.now === undefined ? undefined : this;
  }

  override get records(): RecordStore | undefined {
    const { records } = this.next;
    if (records === undefined) return undefined;
    return {
      putRecords: (list) => this.#putRecords(records, list),
      getRecord: async (key, into, neighbours) => {
        const hit = !this.closing && this.#hits("read");
        if (hit && !this.#flipping) throw this.#failure(`reading record ${key}`);
        const length = await records.getRecord(key, into, neighbours);
        if (hit && length > 0) this.#flip(into.subarray(0, length));
        return length;
      },
      deleteRecords: (keys) => records.deleteRecords(keys),
      clearRecords: () => records.clearRecords(),
    };
  }

  override async readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]> {
    const hits = this.#choose(slots, "read");
    const passed = indexesWithout(hits, this.#flipping);
    const moved = await this.next.readPages(pick(slots, passed), pick(into, passed));
    return this.#merge(slots, hits, passed, moved, into);
  }

  override async writePages(
    slots: readonly number[],
    from: readonly Uint8Array[],
    lent?: boolean,
  ): Promise<SlotStatus[]> {
    const hits = this.#choose(slots, "write");
    const passed = indexesWithout(hits, this.#flipping);
    const moved = await this.next.writePages(pick(slots, passed), this.#sources(from, hits, passed), lent);
    return this.#merge(slots, hits, passed, moved);
  }

  readPageNow(slot: number, into: Uint8Array): SlotStatus {
    const hit = this.#choose([slot], "read")[0] === true;
    if (hit && !this.#flipping) return this.#failure(`reading slot ${slot}`);
    const status = this.next.now!.readPageNow(slot, into);
    if (hit && status === undefined) this.#flip(into);
    return status;
  }

  writePagesNow(slots: readonly number[], from: readonly Uint8Array[]): SlotStatus[] {
    const hits = this.#choose(slots, "write");
    const passed = indexesWithout(hits, this.#flipping);
    const moved = this.next.now!.writePagesNow(pick(slots, passed), this.#sources(from, hits, passed));
    return this.#merge(slots, hits, passed, moved);
  }

  override async flush(): Promise<void> {
    if (!this.closing && !this.#flipping && this.#hits("flush")) throw this.#failure("flushing");
    await this.next.flush();
  }

  protected ownCounters(): Counters {
    return { errorOperations: this.#operations, errorFailures: this.#failures, errorFlips: this.#flips };
  }

  get #flipping(): boolean {
    return this.#options.effect === "flip";
  }

  /** Counts an operation; tells whether it is one to fail. */
  #hits(operation: Operation): boolean {
    const { on = "any", nth, times = 1, every, probability } = this.#options;
    if (on !== "any" && on !== operation) return false;
    const count = ++this.#operations;
    if (nth !== undefined) return count >= nth && (times === "always" || count < nth + times);
    if (every !== undefined) return count % every === 0;
    return this.#prng.unit() < (probability ?? 0);
  }

  /** Which slots of a call are hit. What the store beneath refuses anyway is no operation. */
  #choose(slots: readonly number[], operation: Operation): boolean[] {
    const hits = slots.map((slot) => !this.closing && isSlot(slot, this.capacity) && this.#hits(operation));
    return this.#options.scope === "call" && hits.includes(true) ? sameStatus(hits.length, true) : hits;
  }

  #sources(from: readonly Uint8Array[], hits: readonly boolean[], passed: readonly number[]): Uint8Array[] {
    return passed.map((index) => {
      if (hits[index] !== true) return from[index]!;
      const page = from[index]!.slice();
      this.#flip(page);
      return page;
    });
  }

  #merge(
    slots: readonly number[],
    hits: readonly boolean[],
    passed: readonly number[],
    moved: readonly SlotStatus[],
    read?: readonly Uint8Array[],
  ): SlotStatus[] {
    const action = read === undefined ? "writing" : "reading";
    const statuses = slots.map((slot, index) =>
      hits[index] === true && !this.#flipping ? this.#failure(`${action} slot ${slot}`) : undefined,
    );
    passed.forEach((index, position) => {
      statuses[index] = moved[position];
      if (read !== undefined && hits[index] === true && moved[position] === undefined) this.#flip(read[index]!);
    });
    return statuses;
  }

  async #putRecords(store: RecordStore, list: readonly StoreRecord[]): Promise<SlotStatus[]> {
    const hits = list.map(() => !this.closing && this.#hits("write"));
    const passed = indexesWithout(hits, this.#flipping);
    const keys = list.map(({ key }) => key);
    const sources = this.#sources(
      list.map(({ bytes }) => bytes),
      hits,
      passed,
    );
    const moved = await store.putRecords(
      passed.map((index, position) => ({ key: keys[index]!, bytes: sources[position]! })),
    );
    return this.#merge(keys, hits, passed, moved);
  }

  #failure(what: string): TierError {
    this.#failures++;
    const { code = "STORE_IO" } = this.#options;
    return new TierError(code, `${what} of store ${this.next.type} failed because the error filter says so.`, {
      operation: this.#operations,
    });
  }

  #flip(bytes: Uint8Array): void {
    this.#flips++;
    bytes[this.#prng.below(bytes.length)]! ^= 1 << this.#prng.below(8);
  }
}

function indexesWithout(hits: readonly boolean[], all: boolean): number[] {
  const indexes: number[] = [];
  for (let index = 0; index < hits.length; index++) if (all || hits[index] !== true) indexes.push(index);
  return indexes;
}

function pick<Item>(items: readonly Item[], indexes: readonly number[]): Item[] {
  return indexes.map((index) => items[index]!);
}

function complaint(options: ErrorOptions): string | undefined {
  const { nth, every, probability } = options;
  const given = [nth, every, probability].filter((value) => value !== undefined).length;
  return given === 1 ? undefined : `store filter error needs one of nth, every and probability, but has ${given}.`;
}

const count = z.int().min(1);

export const plugin: StorePlugin<ErrorOptions> = {
  family: "store",
  contract: STORE_CONTRACT,
  name: "error",
  summary: "Lets operations on the store beneath fail: the nth, every kth, or some by chance.",
  options: z
    .strictObject({
      on: z.enum(["read", "write", "flush", "any"]).default("any"),
      nth: count.optional(),
      times: z.union([count, z.literal("always")]).default(1),
      every: count.optional(),
      probability: z.number().min(0).max(1).optional(),
      code: z.enum(["STORE_IO", "STORE_NO_SPACE", "STORE_CORRUPT"]).default("STORE_IO"),
      scope: z.enum(["slot", "call"]).default("slot"),
      effect: z.enum(["fail", "flip"]).default("fail"),
    })
    .superRefine((options, context) => {
      const message = complaint(options);
      if (message !== undefined) context.addIssue({ code: "custom", message });
    }),
  positions: NEXT_POSITION,
  create: (parts, options) => new ErrorStore(nextOf("error", parts), parts.prng, options),
};

/** The recipe node of an {@link ErrorStore}. */
export function errors(node: ErrorOptions & FilterNode): PluginNode {
  return { use: "error", ...node };
}
