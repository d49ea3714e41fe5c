// What a recipe may say. One schema for TypeScript, YAML and JSON.
//
// A recipe is data. Choices that are independent are independent keys; which of them go together is the business of
// combinations.ts, and what a plugin's own options mean is the plugin's (its schema checks them when it is resolved).

import { formatSize, type PluginNode, parseSize, TierError } from "@pagetier/base";
import { PageFrames } from "@pagetier/frames";
import { PAGE_CLUSTER_MAX } from "@pagetier/mm";
import { z } from "zod";
import { issueText, sentence, valueText } from "./option-issues.js";

/** A plugin: its name when it needs no options, or `{ use: name, ...options }`. */
export type NodeInput = string | PluginNode;

/** A store to swap to, with what the stack wants to know of it beside the store's own options. */
export type SwapNodeInput =
  | string
  | (PluginNode & {
      /** By which it is shown and turned off. Default: its type, numbered where that is taken. */
      readonly name?: string;
      /**
       * Higher goes first; equal ones take turns. Left out: behind those that have one of 0 or more, in the order of the list
       * (-2, -3, … as in Linux).
       */
      readonly priority?: number;
      /** `now` blocks for reads and writes instead of waiting, where the store can. Default `async`. */
      readonly io?: "now" | "async";
    });

/** A recipe as people write it. */
export interface RecipeInput {
  /** Bytes that resident pages, pools and their tables take together: `64MiB`. At least 1 MiB. */
  readonly memory?: string | number;
  /** Who takes dirty anonymous pages before a swap store does. With several the last one listed is asked first. */
  readonly frontswap?: NodeInput | readonly NodeInput[];
  /** Who takes clean page-cache pages before they are dropped. */
  readonly cleancache?: NodeInput | readonly NodeInput[];
  readonly reclaim?: {
    /** What scans: Linux' classic loop over page lists, or shrinkers alone. Default `classic`. */
    readonly engine?: "classic" | "shrinkers";
    /** What moves a page into the pool: MM's own hooks, a shrinker, or the completed write of the page. Default `hooks`. */
    readonly trigger?: "hooks" | "shrinker" | "completion";
    /** Which page leaves next. Default `two-list`. */
    readonly policy?: NodeInput;
    /** What a full pool does: the option `poolFull` of every backend that does not state its own. */
    readonly poolFull?: "writeback-lru" | "refuse" | "drop-clean";
    /**
     * Who decides how large the pool is: the core, as a third list beside its two; the pool's shrinker; both; or a fixed limit
     * alone. Left out: the backends' own options alone.
     */
    readonly poolSizing?: "mm" | "shrinker" | "both" | "fixed";
    /** Preference of anonymous pages over pages of files when memory is short, 0..200. Default 60; 100: their I/O costs the same. */
    readonly swappiness?: number;
    /** Of lists that are shrinkers: cost of getting a page back, in disk seeks. Default 2. */
    readonly seeks?: number;
    /** Of lists that are shrinkers: pages per scan call. Default 128. */
    readonly batch?: number;
    /** Whether reclaim waits for I/O under way before it presses harder. Default true; false is a control of experiments. */
    readonly waitForIo?: boolean;
  };
  /** `through` also writes what a pool takes to the store, so that the pool's copy may be dropped. Default `back`. */
  readonly write?: "back" | "through";
  /** Whether a pool's entries take slots of a swap store, or slots of their own. Default `device`, without a store `virtual`. */
  readonly swapSlots?: "device" | "virtual";
  /**
   * Most pages of a swap store that are read at once, as a power of two: 3 means 8. A window that does not pay shrinks by itself; 0 reads
   * only what is wanted. Default 3. (Linux: vm.page-cluster)
   */
  readonly pageCluster?: number;
  /** Where pages go that no pool keeps. Without any, what does not fit memory and pools is refused. */
  readonly swap?: SwapNodeInput | readonly SwapNodeInput[];
  /** How much background work does at a time. */
  readonly background?: {
    /** Pages that the background reclaimer gives up before it lets others run. Default 32. */
    readonly kswapdStepPages?: number;
    /** Milliseconds after which it lets others run in any case. Default 2. */
    readonly kswapdStepMs?: number;
    /** Milliseconds for which a page of a file may be dirty before it is written back. Default 30000. */
    readonly dirtyExpireMs?: number;
    /** Milliseconds between looks for such pages; 0: nothing is written back for its age. Default 5000. */
    readonly dirtyWritebackMs?: number;
    /** Pages under write-out at one time. Default 256, at least 32. */
    readonly inFlightPagesMax?: number;
  };
}

/** A store of a checked recipe. */
export interface SwapNode {
  readonly node: PluginNode;
  readonly name?: string | undefined;
  readonly priority?: number | undefined;
  readonly io: "now" | "async";
}

/** A recipe that was checked: names became nodes, sizes became bytes, lists became lists. Choices that were left out stay `undefined`. */
export interface Recipe {
  readonly memoryBytes: number;
  readonly frontswap: readonly PluginNode[];
  readonly cleancache: readonly PluginNode[];
  readonly reclaim: {
    readonly engine?: "classic" | "shrinkers" | undefined;
    readonly trigger?: "hooks" | "shrinker" | "completion" | undefined;
    readonly policy?: PluginNode | undefined;
    readonly poolFull?: "writeback-lru" | "refuse" | "drop-clean" | undefined;
    readonly poolSizing?: "mm" | "shrinker" | "both" | "fixed" | undefined;
    readonly swappiness?: number | undefined;
    readonly seeks?: number | undefined;
    readonly batch?: number | undefined;
    readonly waitForIo?: boolean | undefined;
  };
  readonly write?: "back" | "through" | undefined;
  readonly swapSlots?: "device" | "virtual" | undefined;
  readonly pageCluster?: number | undefined;
  readonly swap: readonly SwapNode[];
  readonly background: {
    readonly kswapdStepPages?: number | undefined;
    readonly kswapdStepMs?: number | undefined;
    readonly dirtyExpireMs?: number | undefined;
    readonly dirtyWritebackMs?: number | undefined;
    readonly inFlightPagesMax?: number | undefined;
  };
}

const MEMORY_DEFAULT = "64MiB";
const CLUSTER_PAGES = 32;

const memory = z
  .union([z.string(), z.number()], { error: "expected a size such as 64MiB" })
  .transform((size, context) => {
    try {
      const bytes = parseSize(size, "the size");
      if (bytes >= PageFrames.minimumBytes) return bytes;
      context.addIssue(`the size is ${valueText(size)}; write at least ${formatSize(PageFrames.minimumBytes)}`);
    } catch (error) {
      if (!TierError.is(error)) throw error;
      context.addIssue(error.message);
    }
    return z.NEVER;
  });

const NODE_EXPECTED = "write a plugin's name, or its options with the name under `use`";

/** Names by which people turn stores off. */
const NAME = /^[\w.-]+$/;

type Complain = (path: readonly (string | number)[], message: string) => void;

/** One position: a name, or options with `use`. */
function toNode(value: unknown, path: readonly (string | number)[], complain: Complain): PluginNode | undefined {
  if (typeof value === "string" && value !== "") return { use: value };
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const { use } = value as { readonly use?: unknown };
    if (typeof use === "string" && use !== "") return value as PluginNode;
    complain([...path, "use"], use === undefined ? NODE_EXPECTED : `the name is ${valueText(use)}; ${NODE_EXPECTED}`);
    return undefined;
  }
  complain(path, `the plugin is ${valueText(value)}; ${NODE_EXPECTED}`);
  return undefined;
}

function toSwapNode(value: unknown, path: readonly (string | number)[], complain: Complain): SwapNode | undefined {
  const found = toNode(value, path, complain);
  if (found === undefined) return undefined;
  const { name, priority, io = "async", ...rest } = found;
  if (priority !== undefined && !(typeof priority === "number" && Number.isFinite(priority))) {
    complain([...path, "priority"], `the priority is ${valueText(priority)}; write a number`);
  } else if (name !== undefined && !(typeof name === "string" && NAME.test(name))) {
    complain([...path, "name"], `the name is ${valueText(name)}; write letters, digits, dots, dashes and underscores`);
  } else if (io !== "now" && io !== "async") {
    complain([...path, "io"], `io is ${valueText(io)}; write now or async`);
  } else {
    return { node: { ...rest, use: found.use }, name, priority, io };
  }
  return undefined;
}

/** One position that holds one thing, several, or (an empty place in YAML) none. */
function positions<Node>(toOne: (value: unknown, path: readonly number[], complain: Complain) => Node | undefined) {
  return z.unknown().transform((value, context): Node[] => {
    const complain: Complain = (path, message) => context.addIssue({ code: "custom", path: [...path], message });
    const nodes: Node[] = [];
    const add = (item: unknown, path: readonly number[]): void => {
      const one = toOne(item, path, complain);
      if (one !== undefined) nodes.push(one);
    };
    if (Array.isArray(value)) for (const [index, item] of value.entries()) add(item, [index]);
    else if (value !== undefined && value !== null) add(value, []);
    return nodes;
  });
}

const node = z.unknown().transform((value, context): PluginNode => {
  const found = toNode(value, [], (path, message) => context.addIssue({ code: "custom", path: [...path], message }));
  return found ?? z.NEVER;
});
const nodes = positions(toNode);
const swapNodes = positions(toSwapNode);

const reclaim = z.strictObject({
  engine: z.enum(["classic", "shrinkers"]).optional(),
  trigger: z.enum(["hooks", "shrinker", "completion"]).optional(),
  policy: node.optional(),
  poolFull: z.enum(["writeback-lru", "refuse", "drop-clean"]).optional(),
  poolSizing: z.enum(["mm", "shrinker", "both", "fixed"]).optional(),
  swappiness: z.number().min(0).max(200).optional(),
  seeks: z.int().min(0).optional(),
  batch: z.int().min(1).optional(),
  waitForIo: z.boolean().optional(),
});

const background = z.strictObject({
  kswapdStepPages: z.int().min(1).optional(),
  kswapdStepMs: z.number().positive().optional(),
  dirtyExpireMs: z.number().min(0).optional(),
  dirtyWritebackMs: z.number().min(0).optional(),
  inFlightPagesMax: z.int().min(CLUSTER_PAGES).optional(),
});

const recipe = z.strictObject({
  memory: memory.default(() => parseSize(MEMORY_DEFAULT)),
  frontswap: nodes.default([]),
  cleancache: nodes.default([]),
  reclaim: reclaim.default({}),
  write: z.enum(["back", "through"]).optional(),
  swapSlots: z.enum(["device", "virtual"]).optional(),
  pageCluster: z.int().min(0).max(PAGE_CLUSTER_MAX).optional(),
  swap: swapNodes.default([]),
  background: background.default({}),
});

const KEYS: Readonly<Record<string, readonly string[]>> = {
  "": Object.keys(recipe.shape),
  reclaim: Object.keys(reclaim.shape),
  background: Object.keys(background.shape),
};

/**
 * Checks a recipe.
 *
 * @param input what TypeScript, YAML or JSON said
 * @param place where it stands, for messages: `recipe ./my.yaml`
 * @throws TierError RECIPE_INVALID naming path, value and what was expected, for everything that is wrong
 */
export function parseRecipe(input: unknown, place: string): Recipe {
  const result = recipe.safeParse(input);
  if (result.success) {
    const { memory: memoryBytes, ...rest } = result.data;
    return { memoryBytes, ...rest };
  }
  const issues = result.error.issues.map((issue) => issueText(issue, [], input, (path) => KEYS[path.join(".")] ?? []));
  throw new TierError("RECIPE_INVALID", sentence(`${place}: ${issues.join("; also ")}`), { place, issues });
}

/**
 * Checks a store that is added to a stack which runs.
 *
 * @param place what it is, for messages
 * @throws TierError RECIPE_INVALID
 */
export function parseSwapNode(input: unknown, place: string): SwapNode {
  const issues: string[] = [];
  const found = toSwapNode(input, ["swap"], (path, message) => issues.push(`${path.join(".")}: ${message}`));
  if (found !== undefined) return found;
  throw new TierError("RECIPE_INVALID", sentence(`${place}: ${issues.join("; also ")}`), { place, issues });
}
