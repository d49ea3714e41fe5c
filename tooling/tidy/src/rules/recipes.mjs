// The folder recipes/ holds copies of the presets, which `node scripts/recipes.mjs` makes. Its subfolders hold recipes of their own.

/** @import { Finding, Workspace } from "../workspace.mjs" */

const PRESETS = "packages/stack/stack/presets/";
const COPIES = "recipes/";

/**
 * @param {Workspace} workspace
 * @returns {Generator<Finding>}
 */
export function* recipesRule(workspace) {
  const presets = inFolder(workspace, PRESETS);
  const copies = inFolder(workspace, COPIES);
  for (const [name, text] of presets) {
    const copy = copies.get(name);
    if (copy === text) continue;
    const what = copy === undefined ? "is missing" : "differs from the preset";
    yield { rule: "recipes", path: `${COPIES}${name}`, message: `${what}; run node scripts/recipes.mjs` };
  }
  for (const name of copies.keys()) {
    if (!presets.has(name))
      yield {
        rule: "recipes",
        path: `${COPIES}${name}`,
        message: "is a copy of no preset; remove it, or make it a preset",
      };
  }
}

/**
 * @param {Workspace} workspace
 * @param {string} folder
 */
function inFolder(workspace, folder) {
  const isIn = (/** @type {string} */ path) => path.startsWith(folder) && !path.slice(folder.length).includes("/");
  const found = [...workspace.files].filter(([path]) => isIn(path) && path.endsWith(".yaml"));
  return new Map(found.map(([path, text]) => [path.slice(folder.length), text]));
}
