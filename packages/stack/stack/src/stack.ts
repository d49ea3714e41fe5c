import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { ZpoolStats } from "@pagetier/allocator";
import { type Counters, type PluginNode, parseSize, realScheduler, type Scheduler, TierError } from "@pagetier/base";
import type { AnonSpace, FileSpace, MmObserver, MmStats } from "@pagetier/mm";
import type { RemoteMemory } from "@pagetier/tmem";
import { checkCombinations } from "./combinations.js";
import { type Composition, compose, mmOptions, poolStats } from "./composition.js";
import { type Configuration, configurationOf } from "./configuration.js";
import { type FileInput, fileOf } from "./file-input.js";
import { suggestion } from "./near-misses.js";
import { sentence } from "./option-issues.js";
import { makePlan, planStore } from "./plan.js";
import type { AnyPlugin } from "./plugin.js";
import { type FoundPlugin, PluginFinder } from "./plugin-finder.js";
import { parseRecipe, parseSwapNode, type RecipeInput, type SwapNodeInput } from "./recipe.js";
import { findRecipe } from "./recipe-source.js";
import { modelled, type Simulation, simulated } from "./simulation.js";

/** What a stack needs to know that is not the recipe's business. */
export interface StackOptions {
  /** Replaces the recipe's `memory`. */
  readonly memory?: string | number;
  /** Seed of everything random in the stack; default 1. */
  readonly seed?: number;
  /** What time and waiting are. Default: the event loop. */
  readonly scheduler?: Scheduler;
  /** Runs the stack in virtual time, on modelled devices. Its scheduler takes the place of `scheduler`. */
  readonly simulation?: Simulation;
  /** Is told which pages leave memory: an instrument. */
  readonly observer?: Pick<MmObserver, "evicted">;
  /** Folder for relative paths of recipes, stores and plugins; default the working directory. A recipe file's own folder goes before it. */
  readonly directory?: string;
  /** Folders or `file:` URLs from which plugins are looked up last: where the umbrella package lies. */
  readonly fallbacks?: readonly string[];
  /** Plugins given as values, used by their `name`. */
  readonly plugins?: readonly AnyPlugin[];
}

const STACK_OPTIONS: Readonly<Record<keyof StackOptions, true>> = {
  memory: true,
  seed: true,
  scheduler: true,
  simulation: true,
  observer: true,
  directory: true,
  fallbacks: true,
  plugins: true,
};

/** A snapshot of a stack. */
export interface StackStats extends Omit<MmStats, "counters"> {
  /** Name of the recipe. */
  readonly recipe: string;
  /** Counters by part: `mm`, `frontswap`, `cleancache`, `shrinkers`, each backend by its name, each store and chooser by its place (`swap[0].next`). */
  readonly counters: Readonly<Record<string, Counters>>;
  /** Where the bytes of each pool went, by place (`frontswap.allocator`). */
  readonly pools: Readonly<Record<string, ZpoolStats>>;
}

/** A running stack. */
export interface Stack extends AsyncDisposable {
  /** Name of the recipe: a preset's, a file's without its extension, or `recipe`. */
  readonly name: string;
  /** What it runs with: the recipe with every default filled in. In virtual time with the models that stand for devices. */
  readonly configuration: Configuration;
  /**
   * Makes an anonymous space, which may be many times larger than memory.
   *
   * @throws TierError BAD_SIZE, MM_BAD_RANGE, MM_CLOSED
   */
  space(options: { readonly name: string; readonly size: string | number }): AnonSpace;
  /**
   * Opens a file through the page cache: what of it is used stays in memory, the rest is read again when it is needed.
   *
   * @param file a path, relative to the working directory of the stack; with a `size`, what is not there reads as
   *   zeroes; or any store, which in virtual time becomes a model as those of the recipe do
   * @throws TierError BAD_SIZE, MM_BAD_RANGE, MM_CLOSED, MM_NO_ROOM, STORE_OPEN; PLUGIN_…, RECIPE_INVALID for a store
   */
  open(file: string | FileInput): Promise<FileSpace>;
  stats(): StackStats;
  /** Throws AssertionError at the first broken invariant of any part. O(pages). */
  verify(): void;
  /** Gives memory back. @returns bytes freed @throws TierError BAD_SIZE, MM_CLOSED */
  shrink(size: string | number): Promise<number>;
  /**
   * Adds a store to swap to, written as in a recipe. Relative paths are those of the recipe.
   *
   * @returns its name, by which {@link swapOff} takes it away
   * @throws TierError RECIPE_INVALID, RECIPE_CONFLICT, PLUGIN_…, STORE_OPEN, MM_NO_ROOM, MM_SWAP_EXISTS, MM_TOO_MANY_SWAPS, MM_CLOSED;
   *   the stack is as before then
   */
  swapOn(node: SwapNodeInput): Promise<string>;
  /**
   * Takes a swap store away while everything goes on: what it holds comes into memory and leaves for elsewhere, then it is
   * closed. With `pages` it gives up so many pages and stays.
   *
   * @returns pages that went from it
   * @throws TierError MM_BAD_RANGE, MM_NO_SWAP, MM_CLOSED; MM_SWAP_IN_USE when there is no room for what it holds, or some of it cannot be read:
   *   the store is on as before, nothing is lost
   */
  swapOff(name: string, options?: { readonly pages?: number }): Promise<number>;
  /**
   * Brings pages that pools hold back into memory, until at most so many remain there or free memory is down to the high
   * watermark.
   *
   * @returns pages that pools hold no more
   * @throws TierError MM_BAD_RANGE, MM_CLOSED
   */
  shrinkFrontswap(targetPages: number): Promise<number>;
  /** Ends everything, from the hooks inwards: accesses, reclaim, backends, writes, stores, pools. Idempotent. */
  close(): Promise<void>;
}

/**
 * Makes a stack and opens its stores.
 *
 * @param recipe an object; a path, if the text contains `/` or an extension; else a preset's name. Default `zswap`
 * @throws TierError STACK_OPTION, RECIPE_…, PLUGIN_…, BAD_SIZE, FRAMES_TOO_SMALL, STORE_OPEN, MM_NO_ROOM; nothing is left open then
 */
export async function createStack(recipe?: string | RecipeInput, options: StackOptions = {}): Promise<Stack> {
  checkOptionNames(options);
  const directory = options.directory ?? process.cwd();
  const source = await findRecipe(recipe, directory);
  const { name, place } = source;
  const { simulation } = options;
  const asWritten = parseRecipe(withMemory(source.input, options.memory), place);
  checkCombinations(asWritten, place);
  const parsed = simulation === undefined ? asWritten : simulated(asWritten, simulation);
  const finder = new PluginFinder({
    plugins: options.plugins ?? [],
    origins: originsOf(source.directory, directory, options.fallbacks),
  });
  const plan = await makePlan(parsed, finder, place);
  const composition = compose({
    recipe: parsed,
    plan,
    place,
    scheduler: simulation?.scheduler ?? options.scheduler ?? realScheduler,
    simulation,
    observer: options.observer,
    seed: options.seed ?? 1,
    directory: source.directory,
  });
  const configuration = configurationOf(parsed, plan, mmOptions(parsed));
  const stack = new ComposedStack(name, configuration, composition, finder, directory, simulation);
  try {
    await stack.start();
  } catch (error) {
    await stack.close();
    throw error;
  }
  return stack;
}

/** Lists the plugins that a recipe in `directory` reaches by short names. */
export async function listPlugins(
  options: Pick<StackOptions, "directory" | "fallbacks" | "plugins"> = {},
): Promise<FoundPlugin[]> {
  const directory = options.directory ?? process.cwd();
  const origins = originsOf(directory, directory, options.fallbacks);
  return new PluginFinder({ plugins: options.plugins ?? [], origins }).list();
}

class ComposedStack implements Stack {
  readonly name: string;
  readonly configuration: Configuration;
  readonly #parts: Composition;
  readonly #finder: PluginFinder;
  /** Folder against which the paths of files resolve. */
  readonly #directory: string;
  /** Where each swap store counts, by its name. */
  readonly #swapPlaces = new Map<string, string>();
  /** Swap stores that there have been. */
  #swaps = 0;
  /** Where time is virtual: what stands for devices. */
  readonly #simulation: Pick<Simulation, "device"> | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    name: string,
    configuration: Configuration,
    parts: Composition,
    finder: PluginFinder,
    directory: string,
    simulation: Pick<Simulation, "device"> | undefined,
  ) {
    this.name = name;
    this.configuration = configuration;
    this.#parts = parts;
    this.#finder = finder;
    this.#directory = directory;
    this.#simulation = simulation;
  }

  /** Opens the stores of the recipe, and other machines' memory. */
  async start(): Promise<void> {
    const { mm, remotes } = this.#parts;
    for (const remote of remotes) await remote.open();
    await mm.open();
    for (const { name } of mm.stats().swaps) this.#swapPlaces.set(name, `swap[${this.#swaps++}]`);
  }

  space(options: { readonly name: string; readonly size: string | number }): AnonSpace {
    const { name, size } = options;
    return this.#parts.mm.space({ name, size: parseSize(size, `size of space ${name}`) });
  }

  async open(file: string | FileInput): Promise<FileSpace> {
    const { name, size, node } = await fileOf(file, this.#directory);
    const store = this.#simulation === undefined ? node : modelledFile(name, file, node, this.#simulation);
    const planned = await planStore(store, this.#finder, `file ${name}`);
    return this.#parts.mm.openFile(this.#parts.makeStore(planned), { name, size });
  }

  stats(): StackStats {
    const { mm, frontswap, cleancache, shrinkers, counting } = this.#parts;
    const { counters, ...stats } = mm.stats();
    const byPart: Record<string, Counters> = {
      mm: counters,
      frontswap: frontswap.counters(),
      cleancache: cleancache.counters(),
      shrinkers: { ...shrinkers.counters() },
    };
    for (const [path, part] of counting) byPart[path] = part.counters();
    return { recipe: this.name, ...stats, counters: byPart, pools: poolStats(this.#parts) };
  }

  verify(): void {
    this.#parts.mm.verify();
    for (const backend of this.#parts.frontswap.backends) backend.verify();
    this.#parts.cleancacheBackend?.verify();
    this.#parts.shrinkers.verify();
  }

  shrink(size: string | number): Promise<number> {
    return this.#parts.mm.shrink(parseSize(size, "the size to shrink by"));
  }

  async swapOn(input: SwapNodeInput): Promise<string> {
    const path = ["swap", this.#swaps++];
    const place = `swap[${path[1]}]`;
    const { node, ...said } = parseSwapNode(input, "a store to swap to");
    const planned = await planStore(node, this.#finder, "a store to swap to", path);
    try {
      const name = await this.#parts.mm.swapOn(this.#parts.makeSwap({ ...said, node: planned }));
      this.#swapPlaces.set(name, place);
      return name;
    } catch (error) {
      this.#parts.forget(place);
      throw error;
    }
  }

  async swapOff(name: string, options: { readonly pages?: number } = {}): Promise<number> {
    const pages = await this.#parts.mm.swapOff(name, options);
    if (options.pages === undefined) {
      this.#parts.forget(this.#swapPlaces.get(name)!);
      this.#swapPlaces.delete(name);
    }
    return pages;
  }

  shrinkFrontswap(targetPages: number): Promise<number> {
    return this.#parts.mm.shrinkFrontswap(targetPages);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The memory manager ends from the hooks inwards; what its pages lay in goes last, whatever went wrong before. */
  async #close(): Promise<void> {
    try {
      await this.#parts.mm.close();
      for (const remote of this.#parts.remotes) await leave(remote);
    } finally {
      for (const remote of this.#parts.remotes) await remote.close();
      for (const pool of this.#parts.pools.values()) pool.destroy();
    }
  }
}

/** Pages that are removed at a time when a stack leaves other machines' memory. */
const LEAVE_PAGES = 1024;

/** Removes what other machines have of this stack's, as far as they can be reached. */
async function leave(remote: RemoteMemory): Promise<void> {
  while (remote.strays > 0 && (await remote.sweep(LEAVE_PAGES)) > 0);
}

/** @throws TierError STORE_OPEN for a path, which stands for real bytes */
function modelledFile(
  name: string,
  file: string | FileInput,
  node: PluginNode,
  { device }: Pick<Simulation, "device">,
) {
  if (typeof file !== "string" && "store" in file) return modelled(node, device, false);
  throw new TierError(
    "STORE_OPEN",
    `file ${name} lies on a real device, and the stack runs in virtual time; open a store, or run in real time.`,
    { name },
  );
}

/** Where plugins are looked up: the recipe's folder, the working directory, the umbrella, this package. */
function originsOf(recipeFolder: string, directory: string, fallbacks: readonly string[] = []): string[] {
  const given = fallbacks.map((fallback) => (fallback.startsWith("file:") ? fileURLToPath(fallback) : fallback));
  return [...new Set([recipeFolder, directory, ...given, dirname(fileURLToPath(import.meta.url))])];
}

/** A misspelt option would change nothing, and nobody would know. @throws TierError STACK_OPTION */
function checkOptionNames(options: StackOptions): void {
  const known = Object.keys(STACK_OPTIONS);
  const stray = Object.keys(options).find((name) => !known.includes(name));
  if (stray === undefined) return;
  const text = `createStack has no option ${stray}; ${suggestion(stray, known)}`;
  throw new TierError("STACK_OPTION", sentence(text), { option: stray, known });
}

function withMemory(input: unknown, memory: string | number | undefined): unknown {
  return memory === undefined || typeof input !== "object" || input === null ? input : { ...input, memory };
}
