// Dependencies and imports point down, everything that is imported is declared, and dependency injection has one door.

import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { layerOf } from "../layers.mjs";
import { sourcesOf } from "../workspace.mjs";

/** @import { Finding, Package, Workspace } from "../workspace.mjs" */

const INJECTION = ["tsyringe", "reflect-metadata"];
const INJECTION_OWNER = "@pagetier/di";
const STATEMENT =
  /^\s*(?:import|export)\b[^"';]*?\bfrom\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/gm;

/**
 * @param {Workspace} workspace
 * @returns {Generator<Finding>}
 */
export function* importRule(workspace) {
  const byName = new Map(workspace.packages.map((pack) => [pack.manifest.name, pack]));
  for (const pack of workspace.packages) {
    yield* dependencyFindings(pack, byName);
    yield* importFindings(pack, byName, Object.keys(workspace.manifest?.devDependencies ?? {}));
  }
  yield* cycleFindings(workspace.packages, byName);
}

/**
 * @param {Package} pack
 * @param {Map<string, Package>} byName
 * @returns {Generator<Finding>}
 */
function* dependencyFindings(pack, byName) {
  const path = `${pack.folder}/package.json`;
  const { name, dependencies = {}, devDependencies = {}, peerDependencies = {} } = pack.manifest;
  for (const dependency of Object.keys({ ...dependencies, ...peerDependencies })) {
    const target = byName.get(dependency);
    if (target !== undefined) yield* directionFindings(pack, target, path);
  }
  for (const [dependency, range] of Object.entries({ ...dependencies, ...devDependencies })) {
    const wanted = byName.has(dependency) ? "workspace:^" : "catalog:";
    if (range !== wanted)
      yield { rule: "imports", path, message: `${dependency} is asked for as ${range}; write ${wanted}` };
    if (INJECTION.includes(dependency) && name !== INJECTION_OWNER) {
      yield { rule: "imports", path, message: `depends on ${dependency}; only ${INJECTION_OWNER} does` };
    }
  }
}

/**
 * @param {Package} pack
 * @param {Package} target
 * @param {string} path
 * @returns {Generator<Finding>}
 */
function* directionFindings(pack, target, path) {
  const [from, to] = [layerOf(pack.folder), layerOf(target.folder)];
  if (to.level < from.level) return;
  const message = `${pack.manifest.name} (${from.name}) must not depend on ${target.manifest.name} (${to.name}): dependencies point down`;
  yield { rule: "imports", path, message };
}

/**
 * @param {Package} pack
 * @param {Map<string, Package>} byName
 * @param {string[]} ofRoot development dependencies of the root, for tests
 * @returns {Generator<Finding>}
 */
function* importFindings(pack, byName, ofRoot) {
  const { name, dependencies = {}, devDependencies = {}, peerDependencies = {} } = pack.manifest;
  const declared = new Set([name, ...Object.keys({ ...dependencies, ...peerDependencies })]);
  const forTests = new Set([...declared, ...Object.keys(devDependencies), ...ofRoot]);
  for (const [file, text] of sourcesOf(pack, ["src", "test", "bench"])) {
    const path = `${pack.folder}/${file}`;
    const isSource = file.startsWith("src/");
    for (const specifier of importsOf(text)) {
      if (specifier.startsWith(".")) {
        const target = posix.normalize(posix.join(posix.dirname(file), specifier));
        if (target.startsWith(".."))
          yield { rule: "imports", path, message: `imports ${specifier}, outside its package` };
        continue;
      }
      if (specifier.startsWith("node:") || isBuiltin(specifier)) continue;
      const imported = specifier
        .split("/")
        .slice(0, specifier.startsWith("@") ? 2 : 1)
        .join("/");
      if (INJECTION.includes(imported) && name !== INJECTION_OWNER) {
        yield { rule: "imports", path, message: `imports ${imported}; import from ${INJECTION_OWNER}` };
      } else if (!(isSource ? declared : forTests).has(imported)) {
        yield { rule: "imports", path, message: `imports ${imported}, which package.json does not name` };
      }
      const target = byName.get(imported);
      if (isSource && target !== undefined && target !== pack) yield* directionFindings(pack, target, path);
    }
  }
}

/** @param {string} text */
function importsOf(text) {
  return [...text.matchAll(STATEMENT)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

/**
 * @param {Package[]} packages
 * @param {Map<string, Package>} byName
 * @returns {Generator<Finding>}
 */
function* cycleFindings(packages, byName) {
  /** @type {Set<Package>} */
  const done = new Set();
  /** @type {Package[]} */
  const path = [];
  /** @type {string[]} */
  const cycles = [];
  /** @param {Package} pack */
  const visit = (pack) => {
    if (done.has(pack)) return;
    const start = path.indexOf(pack);
    if (start >= 0) {
      cycles.push([...path.slice(start), pack].map((each) => each.manifest.name).join(" → "));
      return;
    }
    path.push(pack);
    for (const name of Object.keys({ ...pack.manifest.dependencies, ...pack.manifest.devDependencies })) {
      const next = byName.get(name);
      if (next !== undefined) visit(next);
    }
    path.pop();
    done.add(pack);
  };
  for (const pack of packages) visit(pack);
  for (const cycle of cycles)
    yield { rule: "imports", path: "package.json", message: `packages depend on each other in a circle: ${cycle}` };
}
