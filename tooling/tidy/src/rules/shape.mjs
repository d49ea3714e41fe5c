// Every package looks the same from outside: what it says of itself, what it exports, that it is tested.

import { layerOf } from "../layers.mjs";

/** @import { Finding, Package, Workspace } from "../workspace.mjs" */

const SOURCE = "@pagetier/source";

/**
 * @param {Workspace} workspace
 * @returns {Generator<Finding>}
 */
export function* shapeRule(workspace) {
  for (const pack of workspace.packages) {
    const path = `${pack.folder}/package.json`;
    for (const message of manifestFaults(pack)) yield { rule: "shape", path, message };
    if (layerOf(pack.folder).name === "tooling") continue;
    for (const message of exportFaults(pack)) yield { rule: "shape", path, message };
    if (![...pack.files.keys()].some((file) => /^test\/.*\.test\.ts$/.test(file))) {
      yield { rule: "shape", path: `${pack.folder}/test`, message: "there is no test; write at least one" };
    }
  }
}

/**
 * @param {Package} pack
 * @returns {Generator<string>}
 */
function* manifestFaults({ folder, manifest }) {
  if (manifest.license !== "Apache-2.0") yield `license is ${manifest.license}; write Apache-2.0`;
  if (layerOf(folder).name === "tooling") return;
  if (manifest.type !== "module") yield `type is ${manifest.type}; write module`;
  if (!/^[A-Z].*\.$/.test(manifest.description ?? "")) yield "description is no sentence";
  if (!manifest.files?.includes("dist") || !manifest.files.includes("src"))
    yield "files must hold dist and src (the maps point there)";
  const last = folder.split("/").at(-1) ?? "";
  if (folder.startsWith("packages/") && !manifest.name.endsWith(last))
    yield `name is ${manifest.name}; its end is the folder's name, ${last}`;
  if (manifest.private !== true && manifest.publishConfig?.access !== "public")
    yield "publishConfig.access must be public";
}

/**
 * @param {Package} pack
 * @returns {Generator<string>}
 */
function* exportFaults({ manifest, files }) {
  const { exports = {}, publishConfig } = manifest;
  if (exports["./package.json"] !== "./package.json") yield "exports must hold ./package.json";
  for (const [subpath, target] of Object.entries(exports)) {
    if (target === null) continue; // A subpath that is kept from the outside.
    if (typeof target === "string") {
      if (!files.has(target.slice(2))) yield `exports ${subpath} points at ${target}, which does not exist`;
      continue;
    }
    const { [SOURCE]: source, types, default: built } = /** @type {Record<string, string>} */ (target ?? {});
    if (source === undefined) {
      yield `exports ${subpath} has no ${SOURCE}`;
      continue;
    }
    if (!isThere(files, source.slice(2))) yield `exports ${subpath} points at ${source}, which does not exist`;
    const compiled = source.replace(/^\.\/src\//, "./dist/").replace(/\.ts$/, "");
    if (types !== `${compiled}.d.ts`)
      yield `exports ${subpath}: types is ${types}; the compiled source is ${compiled}.d.ts`;
    if (built !== `${compiled}.js`)
      yield `exports ${subpath}: default is ${built}; the compiled source is ${compiled}.js`;
  }
  const published = Object.fromEntries(
    Object.entries(exports).map(([subpath, target]) => [subpath, withoutSource(target)]),
  );
  if (JSON.stringify(publishConfig?.exports) !== JSON.stringify(published)) {
    yield `publishConfig.exports must be exports without ${SOURCE}`;
  }
}

/** @param {unknown} target */
function withoutSource(target) {
  if (typeof target !== "object" || target === null) return target;
  return Object.fromEntries(Object.entries(target).filter(([condition]) => condition !== SOURCE));
}

/**
 * @param {Map<string, string>} files
 * @param {string} path which may hold one `*`
 */
function isThere(files, path) {
  if (!path.includes("*")) return files.has(path);
  const [before = "", after = ""] = path.split("*");
  return [...files.keys()].some((file) => file.startsWith(before) && file.endsWith(after));
}
