// Where everything lies, tier by tier: memory, the pools of backends, devices and files.

import { PAGE_SIZE } from "@pagetier/base";
import type { Cleancache, CleancacheHook } from "@pagetier/cleancache";
import type { Frontswap, FrontswapHook } from "@pagetier/frontswap";
import type { TierStats } from "./stats.js";
import type { SwapArea } from "./swap-area.js";

export interface Tiered {
  readonly residentPages: number;
  readonly residentFrames: number;
  readonly frontswap: FrontswapHook;
  readonly cleancache: CleancacheHook;
  readonly areas: readonly SwapArea[];
  readonly files: Iterable<{ readonly name: string; readonly pages: number }>;
}

/** From hot to cold. A page that lies in two tiers counts in both. */
export function tiersOf({ residentPages, residentFrames, frontswap, cleancache, areas, files }: Tiered): TierStats[] {
  const tiers: TierStats[] = [
    {
      name: "resident",
      kind: "memory",
      pages: residentPages,
      frames: residentFrames,
      bytes: residentPages * PAGE_SIZE,
    },
  ];
  for (const backend of frontswap.backends) tiers.push(poolTier("frontswap", backend));
  const { backend } = cleancache;
  if (backend !== undefined) tiers.push(poolTier("cleancache", backend));
  for (const area of areas) {
    for (const { name, slots } of area.swaps()) tiers.push(storeTier(name, slots.onDevice));
  }
  for (const { name, pages } of files) tiers.push(storeTier(name, pages));
  return tiers;
}

/** What a hook's backend holds. */
function poolTier(hook: "frontswap" | "cleancache", backend: Frontswap | Cleancache): TierStats {
  const records = "recordPages" in backend ? (backend.recordPages?.() ?? 0) : 0; // Those lie in a store.
  return {
    name: backend.type,
    kind: "pool",
    hook,
    pages: backend.currPages() - records,
    frames: backend.poolFrames(),
    bytes: backend.contentBytes(),
  };
}

function storeTier(name: string, pages: number): TierStats {
  return { name, kind: "store", pages, frames: 0, bytes: pages * PAGE_SIZE };
}
