// `poolSizing: mm`: the core sizes the pools, as a third list beside anonymous pages and pages of files.
//
// For every page that reclaim sends into a pool, a share of a page is sent further down, coldest first. The share follows
// what either direction cost lately: a page that came back from a device (the pool was too small) counts as an I/O, a page
// that came back from the pool (the pool took what memory should have kept) as a page scanned in vain. So a pool grows while
// devices are read and shrinks while it only takes what is wanted again; between half a page and two pages go down for one
// that goes in, and the pool settles where both directions cost the same.

import type { FrontswapHook } from "@pagetier/frontswap";
import { CLUSTER_PAGES } from "./options.js";
import { ScanCosts, shareByCost } from "./scan-balance.js";

export class PoolBalance {
  readonly #frontswap: FrontswapHook;
  readonly #costs = new ScanCosts(["pool", "device"]);
  /** Pages that went into pools and have not been weighed against others that go down. */
  #entered = 0;
  #carry = 0;
  #sentDown = 0;

  constructor(frontswap: FrontswapHook) {
    this.#frontswap = frontswap;
  }

  /** A page went into a pool. */
  noteStore(): void {
    this.#entered++;
  }

  /** An anonymous page came back. */
  noteLoad(from: "pool" | "device"): void {
    const pages = this.#frontswap.backends.reduce((sum, backend) => sum + backend.currPages(), 0);
    this.#costs.note(from, from === "device" ? 1 : 0, from === "pool" ? 1 : 0, Math.max(pages, 1));
  }

  /**
   * Sends down what is due.
   *
   * @param mayIo nothing is sent without; it stays due
   * @param hasTime asked after each cluster: what there is no time for stays due
   */
  run(mayIo: boolean, hasTime: () => boolean): void {
    if (!mayIo || this.#entered === 0) return;
    const down = shareByCost(this.#costs.of("device"), this.#costs.of("pool"));
    const exact = (this.#entered * down) / (1 - down) + this.#carry;
    const whole = Math.floor(exact);
    this.#carry = exact - whole;
    this.#entered = 0;
    let left = whole;
    for (const backend of this.#frontswap.backends) {
      if (backend.shrink === undefined || left === 0) continue;
      let asked = left;
      do {
        left -= backend.shrink(Math.min(asked, CLUSTER_PAGES));
        asked -= CLUSTER_PAGES;
      } while (asked > 0 && hasTime());
      if (asked <= 0) continue;
      this.#carry += asked;
      break;
    }
    this.#sentDown += whole - left;
  }

  counters(): Record<string, number> {
    return { poolPagesSentDown: this.#sentDown };
  }
}
