// Where recipes come from: an object, a file (YAML, JSON, or a module whose default export is the recipe), or a preset.

import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, extname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { TierError } from "@pagetier/base";
import { type Document, parseDocument } from "yaml";
import { suggestion } from "./near-misses.js";
import { sentence } from "./option-issues.js";
import type { RecipeInput } from "./recipe.js";

/** The presets: the YAML files of this package, and nothing else. */
const PRESETS = new URL("../presets/", import.meta.url);
const PRESET_DEFAULT = "zswap";

/** A recipe as it was found, not checked yet. */
export interface RecipeSource {
  /** Short, for reports: the preset, the file's name without extension, or `recipe`. */
  readonly name: string;
  /** For messages: `preset zswap`, `recipe ./my.yaml`. */
  readonly place: string;
  /** Folder that relative paths and plugins are looked up from. */
  readonly directory: string;
  readonly input: unknown;
}

/** A preset as the package ships it. */
export interface Preset {
  readonly name: string;
  /** First line of the file's leading comment: when to use it. */
  readonly summary: string;
  /** The whole file. */
  readonly text: string;
}

/**
 * Finds a recipe.
 *
 * @param recipe a path if it contains `/` or an extension, else a preset's name; an object is taken as it is
 * @param directory folder that a path is relative to, and that an object's or a preset's own relative paths are
 * @throws TierError RECIPE_NOT_FOUND, RECIPE_SYNTAX
 */
export async function findRecipe(recipe: string | RecipeInput | undefined, directory: string): Promise<RecipeSource> {
  if (typeof recipe === "object") return { name: "recipe", place: "recipe", directory, input: recipe };
  const name = recipe ?? PRESET_DEFAULT;
  if (/[/\\]/.test(name) || extname(name) !== "") return readRecipe(name, directory);
  const file = new URL(`${name}.yaml`, PRESETS);
  const known = (await presetFiles()).map((each) => basename(each, ".yaml"));
  if (!known.includes(name)) {
    const hint = suggestion(name, known);
    throw new TierError(
      "RECIPE_NOT_FOUND",
      `there is no preset ${name}; ${sentence(hint)} A file is written with its path: ./${name}.yaml.`,
      {
        name,
        known,
      },
    );
  }
  const place = `preset ${name}`;
  return { name, place, directory, input: parseYaml(await readFile(file, "utf8"), place) };
}

/** The presets of this package, by name. */
export async function presets(): Promise<Preset[]> {
  const found: Preset[] = [];
  for (const file of await presetFiles()) {
    const text = await readFile(new URL(file, PRESETS), "utf8");
    found.push({ name: basename(file, ".yaml"), summary: /^# *(.*)/.exec(text)?.[1] ?? "", text });
  }
  return found;
}

async function presetFiles(): Promise<string[]> {
  const files = (await readdir(PRESETS)).filter((file) => file.endsWith(".yaml"));
  return files.sort((a, b) => (basename(a, ".yaml") < basename(b, ".yaml") ? -1 : 1)); // A name before those it begins.
}

async function readRecipe(written: string, from: string): Promise<RecipeSource> {
  const path = written.startsWith("file:") ? fileURLToPath(written) : resolve(from, written);
  const place = `recipe ${written}`;
  const kind = await stat(path).catch((cause: unknown) => {
    throw new TierError(
      "RECIPE_NOT_FOUND",
      `there is no recipe ${written} (looked for ${path}); write a preset's name or an existing file.`,
      { path },
      { cause },
    );
  });
  if (kind.isDirectory()) {
    throw new TierError("RECIPE_NOT_FOUND", `recipe ${written} is a folder; name a .yaml, .json or .js file in it.`, {
      path,
    });
  }
  const extension = extname(path);
  const name = basename(path, extension);
  const directory = dirname(path);
  if (/^\.[cm]?[jt]s$/.test(extension)) return { name, place, directory, input: await importRecipe(path, place) };
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new TierError("RECIPE_NOT_FOUND", `${place} cannot be read: ${reasonOf(cause)}.`, { path }, { cause });
  });
  return { name, place, directory, input: parseYaml(text, place) };
}

/** Reads YAML, and so JSON too. */
function parseYaml(text: string, place: string): unknown {
  const document = parseDocument(text, { prettyErrors: true });
  const error = document.errors[0];
  if (error !== undefined) {
    const [line, column] = [error.linePos?.[0].line ?? 1, error.linePos?.[0].col ?? 1];
    const reason = error.message.split(/ at line |\n/)[0]?.replace(/[.:]$/, "");
    throw new TierError(
      "RECIPE_SYNTAX",
      `${place}, line ${line}, column ${column}: ${reason}.`,
      { place, line, column },
      { cause: error },
    );
  }
  const value = toPlain(document, place);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  if (value === null) return {};
  throw new TierError(
    "RECIPE_SYNTAX",
    `${place} holds ${Array.isArray(value) ? "a list" : `only ${JSON.stringify(value)}`}; write keys such as memory: 64MiB.`,
    { place },
  );
}

/** The document's value. YAML refuses here what only shows when aliases are followed. */
function toPlain(document: Document.Parsed, place: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw new TierError("RECIPE_SYNTAX", `${place}: ${reasonOf(cause)}.`, { place }, { cause });
  }
}

async function importRecipe(path: string, place: string): Promise<unknown> {
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
  } catch (cause) {
    throw new TierError("RECIPE_SYNTAX", `${place} cannot be loaded: ${reasonOf(cause)}.`, { path }, { cause });
  }
  if (module.default === undefined) {
    throw new TierError("RECIPE_SYNTAX", `${place} has no default export; export the recipe as default.`, { path });
  }
  return module.default;
}

function reasonOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, "");
}
