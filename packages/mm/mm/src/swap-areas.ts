// The swap areas that are on: found by number, listed in the order in which they were turned on, and used by priority.
//
// Slots come from the area of the highest priority that has one. Areas of equal priority take turns, a cluster each, so
// that pages which leave together still lie together. An area without a priority of its own goes behind all before it.

import { CLUSTER_PAGES, type NamedSwap } from "./options.js";
import type { PageId } from "./space.js";
import { SwapArea } from "./swap-area.js";
import { AREAS_MAX, NO_SLOT, type SwapSlot, slotOf } from "./swap-slot.js";

export class SwapAreas {
  readonly #byType = new Array<SwapArea | undefined>(AREAS_MAX).fill(undefined);
  readonly #inOrder: SwapArea[] = [];
  #byPriority: SwapArea[] = [];
  /** Slots that the area whose turn it is has given out. */
  #turnSlots = 0;

  /** In the order in which they were turned on. */
  get list(): readonly SwapArea[] {
    return this.#inOrder;
  }

  /** The highest priority first; of equal ones that whose turn it is. */
  get byPriority(): readonly SwapArea[] {
    return this.#byPriority;
  }

  of(type: number): SwapArea | undefined {
    return this.#byType[type];
  }

  /** Adds an area under the lowest free number; `undefined` when there is none. */
  add(swap: NamedSwap): SwapArea | undefined {
    const type = this.#byType.indexOf(undefined);
    if (type < 0) return undefined;
    const area = new SwapArea(type, swap);
    this.#byType[type] = area;
    this.#inOrder.push(area);
    this.#byPriority = [...this.#byPriority, area].sort((a, b) => b.priority - a.priority);
    return area;
  }

  remove(area: SwapArea): void {
    this.#byType[area.type] = undefined;
    this.#inOrder.splice(this.#inOrder.indexOf(area), 1);
    this.#byPriority = this.#byPriority.filter((each) => each !== area);
    this.#turnSlots = 0;
  }

  /** Takes a slot for a page; {@link NO_SLOT} when no area has one. */
  take(page: PageId): SwapSlot {
    const areas = this.#byPriority;
    for (let index = 0; index < areas.length; index++) {
      const area = areas[index]!;
      const offset = area.take(page);
      if (offset === 0) continue;
      if (++this.#turnSlots >= CLUSTER_PAGES) this.#nextTurn(index);
      return slotOf(area.type, offset);
    }
    return NO_SLOT;
  }

  /** Moves an area behind those of its priority. */
  #nextTurn(index: number): void {
    this.#turnSlots = 0;
    const areas = this.#byPriority;
    const area = areas[index]!;
    let last = index;
    while (areas[last + 1]?.priority === area.priority) last++;
    if (last === index) return;
    areas.splice(index, 1);
    areas.splice(last, 0, area);
  }
}
