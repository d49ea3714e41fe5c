import type { StandardSchemaV1 } from "@standard-schema/spec";

/** Any Standard Schema (zod, valibot, arktype, …) that yields `Options` from what a recipe says. */
export type PluginOptionsSchema<Options> = StandardSchemaV1<unknown, Options>;

/**
 * One plugin position of a recipe, as data: the plugin's name and its options. Calling a plugin in TypeScript
 * (`zsmalloc({ chainPages: 8 })`) returns exactly this, so that a recipe in code, YAML or JSON is the same thing.
 */
export interface PluginNode {
  readonly use: string;
  readonly [option: string]: unknown;
}

/** What every plugin says of itself, however it is made. The package exports its descriptor under the name `plugin`. */
interface PluginDescription<Options> {
  /** `"allocator"`, `"compressor"`, `"frontswap"`, `"policy"`, `"store"`, … */
  readonly family: string;
  /** Version of the family's contract that this plugin was written for. */
  readonly contract: number;
  /** The short name by which recipes use it: `"zsmalloc"`. */
  readonly name: string;
  /** One sentence for `pagetier plugins`: what it is and when to use it. */
  readonly summary: string;
  /** Validates and completes the options. Options that are themselves plugins are listed in `positions` instead. */
  readonly options: PluginOptionsSchema<Options>;
  /** Options that are themselves plugins, by option name. */
  readonly positions?: Readonly<Record<string, PluginPosition>>;
}

/**
 * An algorithm (allocator, compressor, policy, store) as data: a plain class and how to make one.
 *
 * @typeParam Parts what the composition root hands to `create`; each contract package states it for its family
 * @typeParam Options what the options schema yields
 * @typeParam Part an implementation of the family's contract
 */
export interface PluginDescriptor<Parts, Options, Part> extends PluginDescription<Options> {
  /** Makes the part. Called once per recipe node. */
  create(parts: Parts, options: Options): Part;
}

/**
 * A backend as data: an `@injectable()` class which the composition root resolves in the node's own child container.
 * Its positions are bound to the tokens of their families, its options to `optionsToken`.
 */
export interface InjectedPluginDescriptor<Options, Part> extends PluginDescription<Options> {
  readonly implementation: new (...parameters: never[]) => Part;
  readonly optionsToken: symbol;
  /** Further values that the class is given, by token: what no recipe can say, such as an experiment's control. */
  readonly bindings?: Readonly<Record<symbol, unknown>>;
}

/** An option of a plugin that is itself a plugin, e.g. the `allocator` of zswap. */
export interface PluginPosition {
  readonly family: string;
  /** Used when the recipe leaves the option out; without it, and without {@link sameAs}, the option is required. */
  readonly default?: string | PluginNode;
  /** Whether the option may be left out without there being a default: then there is no part. */
  readonly isOptional?: boolean;
  /** Another option, made once more from the same node when the recipe leaves this one out. */
  readonly sameAs?: string;
  /** Where an injected plugin finds the part; default the token of the family, which serves one position. (A tsyringe token.) */
  readonly token?: symbol;
}
