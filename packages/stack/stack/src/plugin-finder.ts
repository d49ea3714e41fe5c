// From a name in a recipe to a plugin.
//
// A name is a path (`./mine.js`, `/opt/mine`), a package (`@acme/pagetier-rle`, `@acme/tiers/rle`), or the short name of a
// bundled plugin: `zsmalloc` in an allocator's place is `@pagetier/allocator-zsmalloc`. Packages are looked up where
// somebody would expect them: from the recipe's folder, then from the working directory, then from the fallbacks, which
// are the umbrella package (so that its dependencies resolve for a user who installed nothing else) and this package.
// The rules are Node's own for `import`, so `exports` and conditions hold.
//
// What is found is checked before it is used: it must export `plugin`, be of the family that the place wants, and be
// written for the contract version that this stack speaks.

import { readdir, readFile, stat } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { TierError } from "@pagetier/base";
import { resolve as resolveModule } from "import-meta-resolve";
import { type Family, families, familyOf, fittingFamilies } from "./families.js";
import { suggestion } from "./near-misses.js";
import { sentence } from "./option-issues.js";
import { type AnyPlugin, descriptorFault } from "./plugin.js";

/** A plugin and where it came from. */
export interface FoundPlugin {
  readonly plugin: AnyPlugin;
  /** As an import would name it: a package, a subpath, a path. */
  readonly specifier: string;
}

export interface PluginFinderOptions {
  /** Plugins given as values; asked before anything is looked up. */
  readonly plugins: readonly AnyPlugin[];
  /** Folders or files to look up from, in this order. */
  readonly origins: readonly string[];
}

/** A module that was resolved. */
interface Located {
  readonly specifier: string;
  readonly url: string;
}

/** Looks plugins up and remembers them. */
export class PluginFinder {
  readonly #given: readonly AnyPlugin[];
  readonly #origins: readonly string[];

  constructor(options: PluginFinderOptions) {
    this.#given = options.plugins;
    this.#origins = options.origins.map((origin) => (origin.startsWith("file:") ? fileURLToPath(origin) : origin));
  }

  /**
   * Finds the plugin of a family that a recipe calls `name`.
   *
   * @param place where the recipe uses it, for messages: `preset zswap: frontswap.allocator`
   * @throws TierError PLUGIN_NOT_FOUND with near misses; PLUGIN_LOAD when the module cannot be imported; PLUGIN_INVALID when it
   *   exports no plugin; PLUGIN_WRONG_FAMILY; PLUGIN_WRONG_CONTRACT
   */
  async find(familyName: string, name: string, place: string): Promise<FoundPlugin> {
    const family = familyOf(familyName);
    if (family === undefined) {
      throw new TierError(
        "PLUGIN_WRONG_FAMILY",
        `${place} asks for a plugin of the family ${familyName}, which this stack does not know.`,
        { place, family: familyName },
      );
    }
    const fitting = fittingFamilies(family);
    const given = this.#given.find((plugin) => plugin.name === name && fitting.includes(plugin.family));
    if (given !== undefined) return { plugin: this.#checked(given, family, name, place), specifier: name };
    const located = await this.#locate(family, name);
    if (located === undefined) throw await this.#notFound(family, name, place);
    return {
      plugin: this.#checked(await load(located, place), family, located.specifier, place),
      specifier: located.specifier,
    };
  }

  /**
   * Lists the plugins that short names reach from the origins: given ones, and every package depended on there that
   * exports one. Modules of plugin packages that are none, or that do not load, are left out; {@link find} says why.
   */
  async list(): Promise<FoundPlugin[]> {
    const found: FoundPlugin[] = this.#given.map((plugin) => ({ plugin, specifier: plugin.name }));
    const seen = new Set<string>();
    for (const family of families()) {
      for (const specifier of await this.#candidates(family)) {
        if (seen.has(specifier)) continue;
        seen.add(specifier);
        const url = this.#resolve(specifier);
        if (url === undefined) continue;
        const plugin = await pluginAt(url);
        if (plugin !== undefined) found.push({ plugin, specifier });
      }
    }
    return found.sort((a, b) => compare(a.plugin.family, b.plugin.family) || compare(a.plugin.name, b.plugin.name));
  }

  #checked(plugin: AnyPlugin, family: Family, specifier: string, place: string): AnyPlugin {
    const fitting = fittingFamilies(family);
    const own = fitting.includes(plugin.family) ? familyOf(plugin.family) : undefined;
    if (own === undefined) {
      throw new TierError(
        "PLUGIN_WRONG_FAMILY",
        `${place}: ${specifier} is of the family ${plugin.family}; here goes one of the family ${fitting.join(" or ")}.`,
        { place, specifier, family: plugin.family, expected: family.name },
      );
    }
    if (plugin.contract !== own.contract) {
      const remedy = plugin.contract > own.contract ? "update pagetier" : "update the plugin";
      throw new TierError(
        "PLUGIN_WRONG_CONTRACT",
        `${place}: ${specifier} was written for version ${plugin.contract} of the ${own.name} contract, and this stack speaks version ${own.contract}; ${remedy}.`,
        { place, specifier, contract: plugin.contract, expected: own.contract },
      );
    }
    return plugin;
  }

  async #locate(family: Family, name: string): Promise<Located | undefined> {
    if (isPath(name)) return this.#locatePath(name);
    const isShort = /^[^@/][^/]*$/.test(name);
    const specifiers = isShort ? family.prefixes.map((prefix) => `${prefix}${name}`) : [];
    if (!isBuiltin(name)) specifiers.push(name);
    for (const specifier of specifiers) {
      const url = this.#resolve(specifier);
      if (url !== undefined && (await isFile(url))) return { specifier, url };
    }
    return undefined;
  }

  async #locatePath(written: string): Promise<Located | undefined> {
    const path = written.startsWith("file:") ? fileURLToPath(written) : written;
    const bases = isAbsolute(path) ? [""] : this.#origins;
    for (const base of bases) {
      const candidate = base === "" ? path : resolve(base, path);
      const kind = await stat(candidate).catch(() => undefined);
      if (kind?.isFile()) return { specifier: written, url: pathToFileURL(candidate).href };
      const url = kind?.isDirectory() ? await entryOf(candidate) : undefined;
      if (url !== undefined) return { specifier: written, url };
    }
    return undefined;
  }

  #resolve(specifier: string): string | undefined {
    for (const origin of this.#origins) {
      try {
        return resolveModule(specifier, pathToFileURL(join(origin, "recipe.js")).href);
      } catch {
        // Not to be had from here: the next origin may have it.
      }
    }
    return undefined;
  }

  /** Specifiers that short names of a family could mean: dependencies of the packages around the origins. */
  async #candidates(family: Family): Promise<string[]> {
    const names = new Set<string>();
    for (const origin of this.#origins) {
      for (const name of await dependenciesAround(origin)) names.add(name);
    }
    const specifiers: string[] = [];
    for (const prefix of family.prefixes) {
      if (!prefix.endsWith("/")) {
        specifiers.push(...[...names].filter((name) => name.startsWith(prefix)));
        continue;
      }
      const container = prefix.slice(0, -1);
      const entry = names.has(container) ? this.#resolve(container) : undefined;
      if (entry === undefined) continue;
      const files = await readdir(dirname(fileURLToPath(entry)));
      const modules = files.filter((file) => file.endsWith(".js")).map((file) => file.slice(0, -".js".length));
      specifiers.push(...modules.filter((module) => module !== "index").map((module) => `${prefix}${module}`));
    }
    return specifiers;
  }

  async #notFound(family: Family, name: string, place: string): Promise<TierError> {
    const fitting = fittingFamilies(family);
    const known = (await this.list())
      .filter(({ plugin }) => fitting.includes(plugin.family))
      .map(({ plugin }) => plugin.name);
    const context = { place, family: family.name, name, known };
    if (isPath(name)) {
      const looked = isAbsolute(name) ? name : this.#origins.map((origin) => resolve(origin, name))[0];
      return new TierError(
        "PLUGIN_NOT_FOUND",
        `${place}: there is no plugin at ${name} (looked for ${looked}); name a module or a package's folder.`,
        context,
      );
    }
    const isShort = !/[@/]/.test(name);
    const install = isShort ? "" : ` Install it where the recipe is (npm install ${packageOf(name)}).`;
    const hint = isShort ? suggestion(name, known) : "";
    return new TierError(
      "PLUGIN_NOT_FOUND",
      `${place}: there is no ${fitting.join(" or ")} ${name}${hint === "" ? "." : `; ${sentence(hint)}`}${install}`,
      context,
    );
  }
}

function isPath(name: string): boolean {
  return name.startsWith(".") || name.startsWith("file:") || isAbsolute(name);
}

async function isFile(url: string): Promise<boolean> {
  if (!url.startsWith("file:")) return false;
  const found = await stat(fileURLToPath(url)).catch(() => undefined);
  return found?.isFile() ?? false;
}

async function pluginAt(url: string): Promise<AnyPlugin | undefined> {
  try {
    const { plugin } = (await import(url)) as { readonly plugin?: unknown };
    return descriptorFault(plugin) === undefined ? (plugin as AnyPlugin) : undefined;
  } catch {
    return undefined;
  }
}

/** Imports a module and takes its `plugin`. */
async function load(located: Located, place: string): Promise<AnyPlugin> {
  const { specifier, url } = located;
  let module: { readonly plugin?: unknown };
  try {
    module = (await import(url)) as { readonly plugin?: unknown };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TierError(
      "PLUGIN_LOAD",
      `${place}: ${specifier} cannot be loaded: ${reason.replace(/\.$/, "")}.`,
      { place, specifier, url },
      { cause },
    );
  }
  const fault =
    module.plugin === undefined ? "it exports nothing under the name plugin" : descriptorFault(module.plugin);
  if (fault !== undefined) {
    throw new TierError("PLUGIN_INVALID", `${place}: ${specifier} is no plugin: ${fault}.`, { place, specifier, url });
  }
  return module.plugin as AnyPlugin;
}

/** What an import of a package's folder would load: its own name, resolved from within. */
async function entryOf(folder: string): Promise<string | undefined> {
  const manifest = await readManifest(folder);
  if (manifest?.name === undefined) return undefined;
  const from = pathToFileURL(join(folder, "package.json")).href;
  try {
    return resolveModule(manifest.name, from);
  } catch {
    return manifest.main === undefined ? undefined : pathToFileURL(join(folder, manifest.main)).href;
  }
}

interface Manifest {
  readonly name?: string;
  readonly main?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

async function readManifest(folder: string): Promise<Manifest | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Manifest;
  } catch {
    return undefined;
  }
}

/** Dependencies of the nearest package at or above a folder. */
async function dependenciesAround(origin: string): Promise<string[]> {
  for (let folder = origin; ; folder = dirname(folder)) {
    const manifest = await readManifest(folder);
    if (manifest !== undefined) return Object.keys({ ...manifest.devDependencies, ...manifest.dependencies });
    if (dirname(folder) === folder) return [];
  }
}

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
