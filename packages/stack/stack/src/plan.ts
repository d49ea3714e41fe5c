// A plan: the recipe with every name replaced by the plugin it means, every option checked and completed. Making a plan
// loads code and nothing else; a recipe that is wrong anywhere fails here, before a file is opened or a frame is taken.

import { type PluginNode, type PluginPosition, TierError } from "@pagetier/base";
import { familyOf, fittingFamilies } from "./families.js";
import { issueText, keysOf, pathText, sentence } from "./option-issues.js";
import type { AnyPlugin } from "./plugin.js";
import type { PluginFinder } from "./plugin-finder.js";
import type { Recipe } from "./recipe.js";

/** One plugin position, ready to be made. */
export interface PlannedNode {
  readonly plugin: AnyPlugin;
  /** As an import would name it. */
  readonly specifier: string;
  /** Where the recipe has it: `frontswap.allocator`, `swap[0].next`. */
  readonly path: string;
  /** What the plugin's schema made of the options. */
  readonly options: unknown;
  /** The nodes of its positions, by option name. */
  readonly positions: Readonly<Record<string, PlannedNode>>;
}

export interface PlannedSwap {
  readonly node: PlannedNode;
  readonly name?: string | undefined;
  readonly priority?: number | undefined;
  readonly io: "now" | "async";
}

export interface Plan {
  readonly policy: PlannedNode;
  readonly frontswap: readonly PlannedNode[];
  readonly swap: readonly PlannedSwap[];
  /** One of {@link frontswap} itself, where a backend for both hooks stands at both. */
  readonly cleancache?: PlannedNode | undefined;
}

type Path = readonly (string | number)[];

/** Nodes inside nodes; deeper is a mistake or an attack. */
const DEPTH_MAX = 16;
const POLICY_DEFAULT: PluginNode = { use: "two-list" };

/**
 * Resolves and checks every plugin of a recipe.
 *
 * @param place where the recipe stands, for messages
 * @throws TierError PLUGIN_… (see {@link PluginFinder.find}), RECIPE_INVALID
 */
export async function makePlan(recipe: Recipe, finder: PluginFinder, place: string): Promise<Plan> {
  const planner = new Planner(finder, place);
  const frontswap: PlannedNode[] = [];
  for (const [index, node] of recipe.frontswap.entries()) {
    const path = recipe.frontswap.length === 1 ? ["frontswap"] : ["frontswap", index];
    const planned = await planner.plan("frontswap", node, path);
    frontswap.push(await planner.withChoices(planned, node, path, choicesFor(recipe)));
  }
  const swap: PlannedSwap[] = [];
  for (const [index, { node, ...said }] of recipe.swap.entries()) {
    swap.push({ ...said, node: await planner.plan("store", node, ["swap", index]) });
  }
  const policy = await planner.plan("policy", recipe.reclaim.policy ?? POLICY_DEFAULT, ["reclaim", "policy"]);
  const [cleancacheNode] = recipe.cleancache;
  const cleancache =
    cleancacheNode &&
    ((await planner.shared(cleancacheNode, recipe.frontswap, frontswap)) ??
      (await planner.plan("cleancache", cleancacheNode, ["cleancache"])));
  return { policy, frontswap, swap, cleancache };
}

/**
 * Resolves and checks a store that a stack is to open later.
 *
 * @param place what it is for, for messages
 * @param path where its counters and its errors are said to be
 * @throws TierError PLUGIN_…, RECIPE_INVALID
 */
export function planStore(
  node: PluginNode,
  finder: PluginFinder,
  place: string,
  path: Path = ["store"],
): Promise<PlannedNode> {
  return new Planner(finder, place).plan("store", node, path);
}

class Planner {
  readonly #finder: PluginFinder;
  readonly #place: string;

  constructor(finder: PluginFinder, place: string) {
    this.#finder = finder;
    this.#place = place;
  }

  async plan(family: string, node: PluginNode, path: Path): Promise<PlannedNode> {
    if (path.length > DEPTH_MAX) {
      throw new TierError(
        "RECIPE_INVALID",
        `${this.#place}: ${pathText(path)} lies more than ${DEPTH_MAX} plugins deep; flatten the recipe.`,
        { path },
      );
    }
    const { plugin, specifier } = await this.#finder.find(family, node.use, `${this.#place}: ${pathText(path)}`);
    const positions: Record<string, PlannedNode> = {};
    const own: Record<string, unknown> = {};
    for (const [option, value] of Object.entries(node)) {
      if (option !== "use" && !isPosition(plugin, option)) own[option] = value;
    }
    for (const [option, position] of Object.entries(plugin.positions ?? {})) {
      if (position.isOptional === true && node[option] === undefined) continue;
      const inner = this.#nodeOf(node, option, position, plugin, [...path, option]);
      positions[option] = await this.plan(position.family, inner, [...path, option]);
    }
    return { plugin, specifier, path: pathText(path), options: await this.#validated(plugin, own, path), positions };
  }

  /**
   * Gives a planned backend what the recipe chose for the whole stack, unless its node states its own.
   *
   * @throws TierError RECIPE_CONFLICT when the backend has no such option
   */
  async withChoices(planned: PlannedNode, node: PluginNode, path: Path, choices: Choices): Promise<PlannedNode> {
    const { plugin } = planned;
    const known = keysOf(plugin.options);
    const missing = choices.filter(({ option }) => node[option] === undefined);
    for (const { key, option, meaning } of missing) {
      if (known === undefined || known.includes(option)) continue;
      throw new TierError(
        "RECIPE_CONFLICT",
        `${this.#place}: ${key} says ${meaning}, and ${pathText(path)} is ${plugin.name}, which has no option ${option}; leave it out, or choose another backend.`,
        { place: this.#place, keys: [key, pathText(path)] },
      );
    }
    if (missing.length === 0) return planned;
    const chosen = Object.fromEntries(missing.map(({ option, value }) => [option, value]));
    return this.plan("frontswap", { ...node, ...chosen }, path);
  }

  /**
   * Finds out whether what a recipe names at cleancache is the backend for both hooks that stands at frontswap.
   *
   * @returns that one, already planned
   * @throws TierError RECIPE_CONFLICT when the options differ: there is one of it
   */
  async shared(
    node: PluginNode,
    others: readonly PluginNode[],
    planned: readonly PlannedNode[],
  ): Promise<PlannedNode | undefined> {
    const { plugin, specifier } = await this.#finder.find("cleancache", node.use, `${this.#place}: cleancache`);
    const index = planned.findIndex((other) => other.specifier === specifier);
    if (plugin.family !== "tmem" || index < 0) return undefined;
    const options = Object.keys(node).filter((option) => option !== "use");
    if (options.length === 0 || JSON.stringify(node) === JSON.stringify(others[index])) return planned[index]!;
    const there = planned[index]!.path;
    throw new TierError(
      "RECIPE_CONFLICT",
      `${this.#place}: cleancache and ${there} are both ${plugin.name}, which is one for both hooks; write its options at ${there}, and only its name at cleancache.`,
      { place: this.#place, keys: ["cleancache", there] },
    );
  }

  #nodeOf(node: PluginNode, option: string, position: PluginPosition, plugin: AnyPlugin, path: Path): PluginNode {
    const { sameAs } = position;
    const other = sameAs === undefined ? position.default : (node[sameAs] ?? plugin.positions?.[sameAs]?.default);
    const value = node[option] ?? other;
    if (typeof value === "string" && value !== "") return { use: value };
    if (
      typeof value === "object" &&
      value !== null &&
      "use" in value &&
      typeof value.use === "string" &&
      value.use !== ""
    ) {
      return value as PluginNode;
    }
    const family = familyOf(position.family);
    const wanted = family === undefined ? position.family : fittingFamilies(family)[0]!;
    const what = value === undefined ? `is missing; ${plugin.name} needs a ${wanted} there` : "is no plugin";
    throw new TierError(
      "RECIPE_INVALID",
      `${this.#place}: ${pathText(path)} ${what}. Write the ${wanted}'s name, or its options with the name under \`use\`.`,
      { path: pathText(path), value },
    );
  }

  async #validated(plugin: AnyPlugin, options: Readonly<Record<string, unknown>>, path: Path): Promise<unknown> {
    const result = await plugin.options["~standard"].validate(options);
    if (result.issues === undefined) return result.value;
    const known = [...(keysOf(plugin.options) ?? []), ...Object.keys(plugin.positions ?? {})];
    const issues = result.issues.map((issue) =>
      issueText(issue, path, options, (inner) => (inner.length === 0 ? known : [])),
    );
    throw new TierError("RECIPE_INVALID", sentence(`${this.#place}: ${issues.join("; also ")}`), {
      place: this.#place,
      plugin: plugin.name,
      issues,
    });
  }
}

function isPosition(plugin: AnyPlugin, option: string): boolean {
  return Object.hasOwn(plugin.positions ?? {}, option);
}

/** What a recipe chooses for all its backends, as options of each. */
type Choices = readonly {
  readonly key: string;
  readonly option: string;
  readonly value: unknown;
  readonly meaning: string;
}[];

function choicesFor({ reclaim }: Recipe): Choices {
  const { trigger, poolSizing } = reclaim;
  // What a pool holds after the completed write of a page is safe below, so a full one drops it.
  const poolFull = reclaim.poolFull ?? (trigger === "completion" ? "drop-clean" : undefined);
  const key = "reclaim.poolSizing";
  const meaning = "who decides how large the pool is";
  return [
    ...(poolFull === undefined
      ? []
      : [{ key: "reclaim.poolFull", option: "poolFull", value: poolFull, meaning: "what a full pool does" }]),
    ...(poolSizing === undefined
      ? []
      : [{ key, option: "shrinker", value: poolSizing === "shrinker" || poolSizing === "both", meaning }]),
    // Whoever sizes the pool by pressure needs no limit beside it.
    ...(poolSizing === undefined || poolSizing === "fixed"
      ? []
      : [{ key, option: "maxPoolPercent", value: 100, meaning }]),
  ];
}
