// Files of a container: stores that hold its preset pages before the workload begins.

import { type Counters, PAGE_SIZE, type PluginNode } from "@pagetier/base";
import type { AnyPlugin, Stack } from "@pagetier/stack";
import { type BackingStore, type SlotStatus, STORE_CONTRACT, type StoreParts } from "@pagetier/store";
import { FilterStore, NEXT_POSITION, nextOf } from "@pagetier/store-filters/filter-store";
import { CONTAINER_OPS, type Container, type FileTarget, type SpaceToOpen } from "@pagetier/trace";

/** What a file holds, by page. */
type Preset = ReadonlyMap<number, Uint8Array>;

export class ContainerFiles {
  readonly #presets: ReadonlyMap<number, Preset>;

  private constructor(presets: ReadonlyMap<number, Preset>) {
    this.#presets = presets;
  }

  /** Reads the presets of a container; equal pages are held once. @throws TierError TRACE_CORRUPT, TRACE_TRUNCATED */
  static async read(container: Container): Promise<ContainerFiles> {
    const { counts } = await container.totals();
    const presets = new Map<number, Map<number, Uint8Array>>();
    if (counts.preset === 0) return new ContainerFiles(presets);
    const held = new Map<string, Uint8Array>();
    const reading = container.read();
    let left = counts.preset;
    for await (const { length, ops, spaces, pages, slots } of reading) {
      for (let index = 0; index < length; index++) {
        if (ops[index] !== CONTAINER_OPS.preset) continue;
        const slot = slots[index]!;
        const hash = `${reading.window.low[slot]} ${reading.window.high[slot]}`;
        const content = held.get(hash) ?? reading.window.bytes(slot).slice();
        held.set(hash, content);
        const space = presets.get(spaces[index]!) ?? new Map<number, Uint8Array>();
        presets.set(spaces[index]!, space.set(pages[index]!, content));
        left--;
      }
      if (left === 0) break;
    }
    return new ContainerFiles(presets);
  }

  /** The stores' plugins, for the stack that opens the files. */
  plugins(): AnyPlugin[] {
    return [...this.#presets].map(([space, preset]) => presetPlugin(nameOf(space), preset));
  }

  /** Opens a file with its length at the beginning. @param beneath the store that keeps it */
  async open(
    stack: Stack,
    { number, name, pages, filePages }: SpaceToOpen,
    beneath: (size: number) => PluginNode,
  ): Promise<FileTarget> {
    const size = pages * PAGE_SIZE;
    const next = beneath(size);
    const store = this.#presets.has(number) ? { use: nameOf(number), next } : next;
    const space = await stack.open({ store, size, name });
    if (filePages < pages) await space.truncate(filePages);
    return space;
  }
}

function nameOf(space: number): string {
  return `preset-file-${space}`;
}

function presetPlugin(name: string, preset: Preset): AnyPlugin {
  return {
    family: "store",
    contract: STORE_CONTRACT,
    name,
    summary: "A file that holds what a container presets.",
    options: { "~standard": { version: 1, vendor: "pagetier", validate: (value) => ({ value }) } },
    positions: NEXT_POSITION,
    create: (parts: StoreParts) => new PresetStore(nextOf(name, parts), preset, name),
  };
}

/** Puts preset pages over what the store beneath says, until they are written or discarded. Reads go there in any case. */
class PresetStore extends FilterStore {
  readonly #preset: Preset;
  readonly #gone = new Set<number>();

  constructor(
    next: BackingStore,
    preset: Preset,
    readonly type: string,
  ) {
    super(next);
    this.#preset = preset;
  }

  override async readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]> {
    const statuses = await super.readPages(slots, into);
    for (const [index, slot] of slots.entries()) {
      const content = this.#gone.has(slot) ? undefined : this.#preset.get(slot);
      if (statuses[index] === undefined && content !== undefined) into[index]!.set(content);
    }
    return statuses;
  }

  override writePages(slots: readonly number[], from: readonly Uint8Array[], lent?: boolean): Promise<SlotStatus[]> {
    for (const slot of slots) if (this.#preset.has(slot)) this.#gone.add(slot);
    return super.writePages(slots, from, lent);
  }

  override discard(slots: readonly number[]): Promise<void> {
    for (const slot of slots) if (this.#preset.has(slot)) this.#gone.add(slot);
    return super.discard(slots);
  }

  protected ownCounters(): Counters {
    return { presetPages: this.#preset.size };
  }
}
