import type { Counters, PluginNode, PluginPosition } from "@pagetier/base";
import { TierError } from "@pagetier/base";
import type { BackingStore, NowStore, RecordStore, SlotStatus, StoreParts, StoreRecord } from "@pagetier/store";

/** Calls to a store below; what a filter changes, it overrides. */
export abstract class FilterStore implements BackingStore {
  abstract readonly type: string;
  readonly durable: boolean;
  /** The store beneath. */
  readonly next: BackingStore;
  #inFlight = 0;
  #whenIdle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(next: BackingStore) {
    this.next = next;
    this.durable = next.durable;
  }

  get capacity(): number {
    return this.next.capacity;
  }

  /** Blocking calls as the filter lets them through; a filter that cannot do its work in them has none. */
  get now(): NowStore | undefined {
    return undefined;
  }

  get records(): RecordStore | undefined {
    return undefined;
  }

  /** Whether {@link close} was called. */
  protected get closing(): boolean {
    return this.#closing !== undefined;
  }

  memoryBytes(): number {
    return this.next.memoryBytes();
  }

  open(): Promise<void> {
    return this.next.open();
  }

  readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]> {
    return this.next.readPages(slots, into);
  }

  writePages(slots: readonly number[], from: readonly Uint8Array[], lent?: boolean): Promise<SlotStatus[]> {
    return this.next.writePages(slots, from, lent);
  }

  discard(slots: readonly number[]): Promise<void> {
    return this.next.discard(slots);
  }

  flush(): Promise<void> {
    return this.next.flush();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  counters(): Counters {
    return { ...this.next.counters(), ...this.ownCounters() };
  }

  /** The filter's own counters. Their names begin with its type, so that they meet nobody else's. */
  protected abstract ownCounters(): Counters;

  /** Marks a call as in flight until `work` ends: {@link close} waits for it. */
  protected async tracked<Result>(work: Promise<Result>): Promise<Result> {
    this.#inFlight++;
    try {
      return await work;
    } finally {
      this.#inFlight--;
      if (this.#inFlight === 0) this.#whenIdle?.();
    }
  }

  async #close(): Promise<void> {
    await this.next.close();
    if (this.#inFlight === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
    });
  }
}

/** What the recipe node of every filter says besides its options. */
export interface FilterNode {
  /** The store beneath. */
  readonly next: string | PluginNode;
}

/** The position `next` of every filter. */
export const NEXT_POSITION: Readonly<Record<string, PluginPosition>> = { next: { family: "store" } };

/** @throws TierError STORE_BAD_OPTION */
export function nextOf(type: string, parts: StoreParts): BackingStore {
  if (parts.next !== undefined) return parts.next;
  throw new TierError("STORE_BAD_OPTION", `store filter ${type} has no next; give it the store beneath as "next".`, {
    type,
  });
}

/** Pages that records fill, in parts of a page. */
export function pagesOf(records: readonly StoreRecord[], pageSize: number): number {
  let bytes = 0;
  for (const record of records) bytes += record.bytes.length;
  return bytes / pageSize;
}
