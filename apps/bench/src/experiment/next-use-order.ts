// zcache as a clairvoyant would have it: of the clean pages of a file, the zpage goes that is wanted last. A control, not a system.

import type { Handle } from "@pagetier/allocator";
import {
  EPHEMERAL_ORDER,
  type EphemeralOrderFactory,
  type EvictionOrder,
  plugin,
  type ZcacheOptions,
} from "@pagetier/backend-zcache";
import { assert } from "@pagetier/base";
import type { TmemBackendPlugin } from "@pagetier/tmem";
import type { Future } from "./future.js";

/** Takes nothing from the budget, as controls do. */
export class NextUseOrder implements EvictionOrder {
  readonly chosenFrames = 0;
  readonly #future: Pick<Future, "nextUse">;
  readonly #indexOf: (page: number) => number;
  readonly #pages = new Set<number>();
  #chosen = 0;

  /** @param indexOf where in its file a page lies, which is how the future calls it */
  constructor(future: Pick<Future, "nextUse">, indexOf: (page: number) => number) {
    this.#future = future;
    this.#indexOf = indexOf;
  }

  ensure(_pages: number, _handle: Handle): boolean {
    return true;
  }

  add(page: number, _handle: Handle): void {
    this.#pages.add(page);
  }

  touch(_page: number, _handle: Handle): void {}

  leaving(page: number, _handle: Handle): void {
    this.#pages.delete(page);
  }

  left(): void {}

  hold(_handle: Handle): void {}

  release(): void {}

  choose(pages: Uint32Array): number {
    let latest = -1;
    for (const page of this.#pages) {
      const next = this.#future.nextUse(this.#indexOf(page));
      if (next <= latest) continue;
      latest = next;
      this.#chosen = page;
    }
    if (latest < 0) return 0;
    pages[0] = this.#chosen;
    return 1;
  }

  spare(): void {
    assert(false, "clean pages of files are never spared");
  }

  memoryBytes(): number {
    return 0;
  }

  verify(zpages: number): void {
    assert(this.#pages.size === zpages, "every zpage has a place in the order");
  }
}

/** The backend `zcache-next-use`. With `order: object-lru` it moves zpages together as that does. */
export function nextUseZcachePlugin(future: Future): TmemBackendPlugin<ZcacheOptions> {
  const order: EphemeralOrderFactory = (indexOf) => new NextUseOrder(future, indexOf);
  return {
    ...plugin,
    name: "zcache-next-use",
    summary: "zcache that throws away the clean page that is wanted last: a bound, not a system.",
    bindings: { [EPHEMERAL_ORDER]: order },
  };
}
