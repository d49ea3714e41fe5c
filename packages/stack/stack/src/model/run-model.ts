// One seed, one stack, one run: everything that is random follows from the seed, time is virtual, so a run that failed
// fails again.

import { assert, createPrng, PAGE_SIZE, type Prng, TierError, VirtualScheduler } from "@pagetier/base";
import type { FileSpace } from "@pagetier/mm";
import type { StorePlugin } from "@pagetier/store";
import { z } from "zod";
import type { RecipeInput } from "../recipe.js";
import { createStack, type StackOptions } from "../stack.js";
import { type Combination, legalCombinations, nameOf, recipeOf } from "./combinations.js";
import { StackModel } from "./stack-model.js";
import { type StoreTemper, UnreliableStore } from "./unreliable-store.js";

/** What a run was and did. */
export interface ModelRun {
  readonly seed: number;
  /** The combination, in a few words. */
  readonly combination: string;
  readonly recipe: RecipeInput;
  /** Accesses that were done, and those that ended in an error which a failing or full store excuses. */
  readonly accesses: number;
  readonly forgiven: number;
  /** Operations of stores, and those that were made to fail. */
  readonly storeOperations: number;
  readonly storeFaults: number;
}

export interface ModelOptions {
  /** Default: the combinations take turns, seed by seed. */
  readonly combination?: Combination;
  /** How plugins are found; see `createStack`. */
  readonly stack?: Pick<StackOptions, "directory" | "fallbacks" | "plugins">;
}

const COMBINATIONS = legalCombinations();
const POLICIES = ["two-list", "lru", "clock", "sieve", "fifo", "s3fifo", "mglru", "random"];
const ROUNDS = 5;
const CALLERS = 4;
const ACCESSES = 25;

/**
 * Runs one seed.
 *
 * @throws TierError MODEL_FAILED with the seed, the recipe and, as its cause, what went wrong
 */
export async function runModel(seed: number, options: ModelOptions = {}): Promise<ModelRun> {
  const combination = options.combination ?? COMBINATIONS[seed % COMBINATIONS.length]!;
  const prng = createPrng(seed);
  const scheduler = new VirtualScheduler();
  const recipe = randomRecipe(combination, prng);
  try {
    const run = new Run(recipe, scheduler, prng, seed, options.stack ?? {});
    const done = await scheduler.run(() => run.all());
    return { seed, combination: nameOf(combination), recipe, ...done };
  } catch (error) {
    throw new TierError(
      "MODEL_FAILED",
      `seed ${seed} (${nameOf(combination)}) failed: ${error instanceof Error ? error.message : String(error)}`,
      { seed, recipe },
      { cause: error },
    );
  }
}

class Run {
  readonly #recipe: RecipeInput;
  readonly #scheduler: VirtualScheduler;
  readonly #prng: Prng;
  readonly #seed: number;
  readonly #options: NonNullable<ModelOptions["stack"]>;
  readonly #stores: UnreliableStore[] = [];
  readonly #places: number;

  constructor(
    recipe: RecipeInput,
    scheduler: VirtualScheduler,
    prng: Prng,
    seed: number,
    options: NonNullable<ModelOptions["stack"]>,
  ) {
    this.#recipe = recipe;
    this.#scheduler = scheduler;
    this.#prng = prng;
    this.#seed = seed;
    this.#options = options;
    // Few places every third time, so that they run out.
    this.#places = prng.below(3) === 0 ? 100 + prng.below(120) : 2000;
  }

  async all(): Promise<Pick<ModelRun, "accesses" | "forgiven" | "storeOperations" | "storeFaults">> {
    const { plugins = [], ...options } = this.#options;
    // Loading plugins takes real time.
    const stack = await this.#scheduler.outside(() =>
      createStack(this.#recipe, {
        ...options,
        plugins: [...plugins, this.#plugin("unreliable", 1), this.#plugin("unreliable-file", 0)],
        scheduler: this.#scheduler,
        seed: this.#seed,
      }),
    );
    const model = new StackModel(stack, this.#scheduler, this.#prng);
    const isFull = this.#places < 2000;
    model.mayFail = isFull;
    model.add(stack.space({ name: "one", size: 300 * PAGE_SIZE }));
    model.add(stack.space({ name: "other", size: (20 + this.#prng.below(150)) * PAGE_SIZE }));
    let file: FileSpace | undefined;
    if (this.#prng.below(2) === 0) {
      file = await stack.open({ store: "unreliable-file", size: 120 * PAGE_SIZE, name: "file" });
      const device = this.#stores.at(-1)!;
      model.add(file, (page) => device.peek(page));
    }
    await model.fill();
    for (let round = 0; round < ROUNDS; round++) {
      // Well, failing now and then, failing often; the last one well, so that the rest can be checked.
      const faultsPerMille = round === ROUNDS - 1 ? 0 : [0, 30, 500][this.#prng.below(3)]!;
      this.#temper({ faultsPerMille, delayNsMax: [0, 200_000, 5_000_000][this.#prng.below(3)]! });
      model.mayFail = isFull || faultsPerMille > 0;
      await model.round(CALLERS, ACCESSES);
      this.#temper({ faultsPerMille: 0, delayNsMax: 0 });
      model.mayFail = isFull;
    }
    await model.check();
    if (file !== undefined) await checkFile(model, file, this.#stores.at(-1)!);
    await stack.close();
    assert(Object.keys(stack.stats().memory.holders).length === 0, "a closed stack holds no frame");
    const sum = (of: (store: UnreliableStore) => number): number =>
      this.#stores.reduce((total, store) => total + of(store), 0);
    return {
      accesses: model.accesses,
      forgiven: model.forgiven,
      storeOperations: sum(({ operations }) => operations),
      storeFaults: sum(({ faults }) => faults),
    };
  }

  #temper(temper: StoreTemper): void {
    for (const store of this.#stores) store.temper = temper;
  }

  #plugin(name: string, firstSlot: number): StorePlugin<object> {
    return {
      family: "store",
      contract: 1,
      name,
      summary: "Takes its time, and fails as its seed says.",
      options: z.strictObject({}),
      create: ({ scheduler }) => {
        const places = firstSlot === 0 ? 120 : this.#places;
        const store = new UnreliableStore(scheduler, createPrng(this.#prng.u32()), places, firstSlot);
        this.#stores.push(store);
        return store;
      },
    };
  }
}

/** What was synced is what the device holds. */
async function checkFile(model: StackModel, file: FileSpace, device: UnreliableStore): Promise<void> {
  await file.fsync();
  for (let page = 0; page < file.pages; page++) {
    assert(model.isContent(file, page, device.peek(page)), "what a file's fsync promised is on its device");
  }
}

/** The combination, and whatever else a recipe may say. */
function randomRecipe(combination: Combination, prng: Prng): RecipeInput {
  const { engine, trigger, poolSizing } = combination;
  const oneOf = <Value>(...values: Value[]): Value => values[prng.below(values.length)]!;
  const { reclaim, ...recipe } = recipeOf(combination);
  const hasPolicy = engine === "classic";
  const hasShrinkerLists = engine === "shrinkers" || trigger === "shrinker";
  const device = () => ({ use: "unreliable", io: oneOf("now", "async", "async"), priority: prng.below(2) }) as const;
  return {
    ...recipe,
    memory: oneOf("1MiB", "1MiB", "1280KiB"),
    frontswap: {
      use: "zswap",
      allocator: oneOf("zsmalloc", "zsmalloc", "kmalloc"),
      compressor: oneOf("lz4", "lz4", "lz4js", "null"),
      exclusiveLoads: prng.below(3) === 0,
      sameFilledPages: prng.below(4) > 0,
      storeIncompressible: prng.below(4) > 0,
      acceptThresholdPercent: oneOf(50, 90, 100),
      ...(poolSizing === undefined || poolSizing === "fixed" ? { maxPoolPercent: oneOf(2, 20, 50, 100) } : {}),
      ...(poolSizing === undefined ? { shrinker: prng.below(2) === 0 } : {}),
    },
    reclaim: {
      ...reclaim,
      ...(hasPolicy ? { policy: oneOf(...POLICIES) } : {}),
      ...(hasShrinkerLists ? { batch: oneOf(8, 128), seeks: oneOf(0, 1, 2) } : { swappiness: oneOf(1, 60, 100, 200) }),
    },
    pageCluster: oneOf(0, 1, 3, 3, 5),
    swap: prng.below(2) === 0 ? device() : [device(), device()],
    background: {
      kswapdStepPages: oneOf(1, 32, 100),
      inFlightPagesMax: oneOf(32, 64, 256),
      dirtyExpireMs: oneOf(0, 2, 30_000),
      dirtyWritebackMs: oneOf(0, 1, 5000),
    },
  };
}
