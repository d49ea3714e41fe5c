// The composition root: from a plan to parts that know each other.
//
// One child container holds what a stack shares: frames, time, randomness, shrinkers, the registries of hooks. Each
// injected node gets a child of that, which holds the parts of its own positions under their families' tokens. So two
// backends in one stack each find their own pool under the same token; in one container the last would win silently.
//
// Plain plugins (allocators, compressors, policies, stores) need no container: they are made from their family's parts,
// with the parts of their own positions under the positions' names (`next` for a filter).

import type { Zpool, ZpoolStats } from "@pagetier/allocator";
import {
  assert,
  CLOCK,
  type Counters,
  createPrng,
  PRNG,
  type Prng,
  SCHEDULER,
  type Scheduler,
  TierError,
  UNCHARGED,
} from "@pagetier/base";
import { CLEANCACHE_REGISTRY, type Cleancache, CleancacheRegistry } from "@pagetier/cleancache";
import type { CodecChooser, Compressor } from "@pagetier/compressor";
import { type DependencyContainer, type InjectionToken, rootContainer } from "@pagetier/di";
import { PAGE_FRAMES, PageFrames } from "@pagetier/frames";
import {
  FRONTSWAP_REGISTRY,
  FRONTSWAP_REGISTRY_OPTIONS,
  type Frontswap,
  FrontswapRegistry,
  type FrontswapRegistryOptions,
  SWAP_WRITEBACK,
} from "@pagetier/frontswap";
import {
  FILE_POLICY,
  MemoryManager,
  MM_OPTIONS,
  MM_OPTIONS_DEFAULT,
  type MmObserver,
  type MmOptions,
  SWAP_STORES,
  type SwapStore,
} from "@pagetier/mm";
import { type EvictionPolicy, isOffline, type OfflinePolicy, POLICY } from "@pagetier/policy";
import { SHRINKERS, ShrinkerRegistry } from "@pagetier/shrinker";
import { ChargedCompressor, ChargedPolicy, ChargedZpool } from "@pagetier/simulation";
import type { BackingStore } from "@pagetier/store";
import type { RemoteMemory, TmemBackend } from "@pagetier/tmem";
import { writesRecords } from "./combinations.js";
import { familyOf } from "./families.js";
import type { Plan, PlannedNode, PlannedSwap } from "./plan.js";
import { isInjected } from "./plugin.js";
import type { Recipe } from "./recipe.js";
import type { Simulation } from "./simulation.js";

/** What a stack is made from beside its plan. */
export interface CompositionSetup {
  readonly recipe: Recipe;
  readonly plan: Plan;
  /** Where the recipe stands, for messages. */
  readonly place: string;
  readonly scheduler: Scheduler;
  /** Where time is virtual: what charges for work. */
  readonly simulation: Pick<Simulation, "scheduler" | "costs"> | undefined;
  /** Is told which pages leave memory. */
  readonly observer: Pick<MmObserver, "evicted"> | undefined;
  readonly seed: number;
  /** Folder against which stores' relative paths resolve. */
  readonly directory: string;
}

/** The parts of a stack. */
export interface Composition {
  readonly frames: PageFrames;
  readonly mm: MemoryManager;
  readonly frontswap: FrontswapRegistry;
  readonly cleancache: CleancacheRegistry;
  /** The backend behind it, where the recipe names one. */
  readonly cleancacheBackend: Cleancache | undefined;
  readonly shrinkers: ShrinkerRegistry;
  /** Pools by place, each owned by this composition alone. */
  readonly pools: ReadonlyMap<string, Zpool>;
  /** Other machines' memory: to be opened before the stack is used. Each is closed by the backend that has it. */
  readonly remotes: readonly RemoteMemory[];
  /** What counts something, by place. */
  readonly counting: ReadonlyMap<string, { counters(): Counters }>;
  /** Makes a store for a file that is opened later. It is the caller's to open and close. */
  makeStore(node: PlannedNode): BackingStore;
  /**
   * Makes a store to swap to, which counts from now on.
   *
   * @throws TierError RECIPE_CONFLICT when the store cannot do what its node asks
   */
  makeSwap(swap: PlannedSwap): SwapStore;
  /** Counts a store no more, nor those beneath it. */
  forget(path: string): void;
}

/** What one recipe shares while it is composed. */
interface Shared {
  readonly setup: CompositionSetup;
  readonly container: DependencyContainer;
  readonly frames: PageFrames;
  readonly prng: Prng;
  readonly pools: Map<string, Zpool>;
  readonly remotes: RemoteMemory[];
  readonly counting: Map<string, { counters(): Counters }>;
}

/**
 * Makes the parts of a stack, bottom part first, and opens nothing.
 *
 * @throws TierError FRAMES_TOO_SMALL; RECIPE_CONFLICT when a store cannot do what its node asks
 */
export function compose(setup: CompositionSetup): Composition {
  const { recipe, plan, scheduler } = setup;
  const container = rootContainer.createChildContainer();
  const frames = new PageFrames({ budgetBytes: recipe.memoryBytes });
  const shared: Shared = {
    setup,
    container,
    frames,
    prng: createPrng(setup.seed),
    pools: new Map(),
    remotes: [],
    counting: new Map(),
  };
  bind(container, PAGE_FRAMES, frames);
  bind(container, SCHEDULER, scheduler);
  bind(container, CLOCK, scheduler.clock);
  bind(container, PRNG, shared.prng);
  const shrinkers = new ShrinkerRegistry();
  bind(container, SHRINKERS, shrinkers);
  const registryOptions: FrontswapRegistryOptions = { writeThrough: recipe.write === "through" };
  bind(container, FRONTSWAP_REGISTRY_OPTIONS, registryOptions);
  const frontswap = container.resolve(FrontswapRegistry);
  bind(container, FRONTSWAP_REGISTRY, frontswap);
  const cleancache = container.resolve(CleancacheRegistry);
  bind(container, CLEANCACHE_REGISTRY, cleancache);

  const mm = composeMm(shared);
  bind(container, SWAP_WRITEBACK, mm);
  let cleancacheBackend: Cleancache | undefined;
  try {
    const backends = new Map<PlannedNode, unknown>();
    for (const node of plan.frontswap) {
      const made = make(node, shared);
      backends.set(node, made);
      const backend = sideOf<Frontswap>(made, node, "frontswap");
      shared.counting.set(backend.type, backend);
      frontswap.register(backend);
    }
    if (plan.cleancache !== undefined) {
      const made = backends.get(plan.cleancache) ?? make(plan.cleancache, shared);
      cleancacheBackend = sideOf<Cleancache>(made, plan.cleancache, "cleancache");
      const { type } = cleancacheBackend;
      shared.counting.set(shared.counting.has(type) ? `${type}.cleancache` : type, cleancacheBackend);
      cleancache.register(cleancacheBackend);
    }
  } catch (error) {
    for (const pool of shared.pools.values()) pool.destroy();
    throw error;
  }
  return {
    frames,
    mm,
    frontswap,
    cleancache,
    cleancacheBackend,
    shrinkers,
    pools: shared.pools,
    remotes: shared.remotes,
    counting: shared.counting,
    // Its counters are the file's while it is open; a stack that opens many files does not collect them.
    makeStore: (node) => make(node, { ...shared, counting: new Map() }) as BackingStore,
    makeSwap: (swap) => makeSwap(swap, shared),
    forget: (path) => {
      for (const key of [...shared.counting.keys()]) {
        if (key === path || key.startsWith(`${path}.`)) shared.counting.delete(key);
      }
    },
  };
}

/** What a backend is to one of the hooks: itself, or one of its two sides. */
function sideOf<Side>(backend: unknown, { plugin }: PlannedNode, hook: keyof TmemBackend): Side {
  return (plugin.family === "tmem" ? (backend as TmemBackend)[hook] : backend) as Side;
}

/** Statistics of every pool, by place. */
export function poolStats(composition: Composition): Record<string, ZpoolStats> {
  return Object.fromEntries([...composition.pools].map(([path, pool]) => [path, pool.stats()]));
}

function composeMm(shared: Shared): MemoryManager {
  const { recipe, plan } = shared.setup;
  const container = shared.container.createChildContainer();
  const stores = plan.swap.map((swap) => makeSwap(swap, shared));
  const options = { ...mmOptions(recipe), observer: observerOf(shared.setup) };
  bind(container, SWAP_STORES, stores);
  bind(container, MM_OPTIONS, options);
  bind(container, POLICY, makePolicy(plan.policy, shared));
  bind(container, FILE_POLICY, makePolicy(plan.policy, shared));
  return container.resolve(MemoryManager);
}

/** Who watches the core: in virtual time also what charges for the core's own lists, as {@link ChargedPolicy} does for policies. */
function observerOf({ observer, simulation }: CompositionSetup): MmObserver | undefined {
  if (simulation === undefined) return observer;
  const { scheduler, costs } = simulation;
  return {
    evicted: (page, outcome) => observer?.evicted?.(page, outcome),
    looked: () => scheduler.charge(costs.scan),
    admitted: () => scheduler.charge(costs.fault),
  };
}

/** @throws TierError RECIPE_CONFLICT */
function makeSwap({ node, ...said }: PlannedSwap, shared: Shared): SwapStore {
  const { place, recipe } = shared.setup;
  const store = make(node, shared) as BackingStore;
  const writing = recipe.frontswap.find(writesRecords);
  if (writing !== undefined && store.records === undefined) {
    throw new TierError(
      "RECIPE_CONFLICT",
      `${place}: frontswap.writeback is ${writing.writeback}, and the store ${node.path}.use names (${store.type}) keeps no records; say raw, or choose another store, such as file.`,
      { place, keys: ["frontswap.writeback", `${node.path}.use`] },
    );
  }
  if (said.io === "async" || store.now !== undefined) return { store, ...said };
  throw new TierError(
    "RECIPE_CONFLICT",
    `${place}: ${node.path}.io is now, and the store ${node.path}.use names (${store.type}) has no blocking calls; say async, or choose another store.`,
    { place, keys: [`${node.path}.io`, `${node.path}.use`] },
  );
}

/** What a recipe chooses for the core; the rest is the core's default. */
export function mmOptions({ reclaim, background, swapSlots, pageCluster, frontswap, swap }: Recipe): MmOptions {
  const { engine, trigger, swappiness, seeks, batch, waitForIo, poolSizing } = reclaim;
  const { kswapdStepPages, kswapdStepMs, inFlightPagesMax, dirtyExpireMs, dirtyWritebackMs } = background;
  const defaults = MM_OPTIONS_DEFAULT;
  return {
    engine: engine ?? defaults.engine,
    trigger: trigger ?? defaults.trigger,
    // Without a store there are no slots for a pool's pages but virtual ones.
    swapSlots: swapSlots ?? (frontswap.length > 0 && swap.length === 0 ? "virtual" : defaults.swapSlots),
    pageCluster: pageCluster ?? defaults.pageCluster,
    sizesPools: poolSizing === "mm" || poolSizing === "both",
    swappiness: swappiness ?? defaults.swappiness,
    listSeeks: seeks,
    listBatch: batch,
    waitsForIo: waitForIo ?? defaults.waitsForIo,
    kswapdStepPages: kswapdStepPages ?? defaults.kswapdStepPages,
    kswapdStepNs: kswapdStepMs === undefined ? defaults.kswapdStepNs : kswapdStepMs * 1e6,
    dirtyExpireNs: dirtyExpireMs === undefined ? defaults.dirtyExpireNs : dirtyExpireMs * 1e6,
    dirtyWritebackNs: dirtyWritebackMs === undefined ? defaults.dirtyWritebackNs : dirtyWritebackMs * 1e6,
    inFlightPagesMax: inFlightPagesMax ?? defaults.inFlightPagesMax,
  };
}

/** The order of one kind of pages: each has one of its own. */
function makePolicy(node: PlannedNode, shared: Shared): EvictionPolicy {
  const policy = make(node, shared) as EvictionPolicy | OfflinePolicy;
  if (!isOffline(policy)) return policy;
  const { place } = shared.setup;
  throw new TierError(
    "RECIPE_INVALID",
    `${place}: ${node.path} is ${policy.type}, which must know the future; choose a policy that works without.`,
    { place, policy: policy.type },
  );
}

/** Makes a node's parts, inner ones first. */
function make(node: PlannedNode, shared: Shared): unknown {
  const inner = Object.entries(node.positions).map(([option, position]) => [option, make(position, shared)] as const);
  const { plugin } = node;
  if (isInjected(plugin)) {
    const container = shared.container.createChildContainer();
    for (const [option, part] of inner) bind(container, tokenOf(node, option), part);
    bind(container, plugin.optionsToken, node.options);
    const { bindings = {} } = plugin;
    for (const token of Object.getOwnPropertySymbols(bindings)) bind(container, token, bindings[token]);
    return container.resolve(plugin.implementation as new (...parameters: unknown[]) => unknown);
  }
  const made = plugin.create(
    { ...partsFor(plugin.family, shared), ...Object.fromEntries(inner) } as never,
    node.options,
  );
  const part = charged(node, made, shared);
  if (plugin.family === "allocator") shared.pools.set(node.path, part as Zpool);
  if (plugin.family === "store") shared.counting.set(node.path, part as BackingStore);
  if (plugin.family === "remote") {
    shared.remotes.push(part as RemoteMemory);
    shared.counting.set(node.path, part as RemoteMemory);
  }
  if (plugin.family === "chooser") shared.counting.set(node.path, part as CodecChooser);
  return part;
}

/** In virtual time, the part with its work charged. */
function charged({ path, plugin }: PlannedNode, part: unknown, shared: Shared): unknown {
  const { family } = plugin;
  const { simulation } = shared.setup;
  if (simulation === undefined) return part;
  const { scheduler, costs } = simulation;
  if (family === "allocator") return new ChargedZpool(part as Zpool, scheduler, costs);
  if (family === "compressor") {
    const compressor = new ChargedCompressor(part as Compressor, scheduler, costs);
    shared.counting.set(path, compressor);
    return compressor;
  }
  if (family === "policy" && !isOffline(part as EvictionPolicy | OfflinePolicy)) {
    return new ChargedPolicy(part as EvictionPolicy, scheduler, costs);
  }
  return part;
}

/** What the contract of a family hands to `create`. */
function partsFor(family: string, { setup, frames, prng }: Shared): object {
  const { scheduler, directory } = setup;
  if (family === "allocator") return { frames };
  if (family === "store") return { clock: scheduler.clock, scheduler, prng, directory };
  if (family === "remote") return { clock: scheduler.clock, scheduler, prng, directory, accountant: frames };
  if (family === "policy") {
    // A policy's tables grow with the pages that have a number, not with those in memory: addressing, outside the budget.
    return { capacity: Number.POSITIVE_INFINITY, expectedPages: frames.total, prng, accountant: UNCHARGED };
  }
  return {};
}

/** The token under which a plugin finds what is at a position: its own, or that of the family that the position wants. */
function tokenOf({ plugin }: PlannedNode, option: string): symbol {
  const position = plugin.positions![option]!;
  const family = familyOf(position.family);
  assert(family !== undefined, "a planned position is of a known family");
  return position.token ?? family.token;
}

function bind<Part>(container: DependencyContainer, token: symbol, part: Part): void {
  assert(!container.isRegistered(token), "a container holds one part under each token");
  container.register(token as InjectionToken<Part>, { useValue: part });
}
