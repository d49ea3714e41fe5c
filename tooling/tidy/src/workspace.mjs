// Reads a checkout once: its packages, and every text file of ours.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, extname, join, relative, sep } from "node:path";

/**
 * @typedef {object} Manifest
 * @property {string} name
 * @property {string} [version]
 * @property {boolean} [private]
 * @property {string} [description]
 * @property {string} [license]
 * @property {string} [type]
 * @property {string[]} [files]
 * @property {Record<string, unknown>} [exports]
 * @property {{ access?: string, exports?: Record<string, unknown> }} [publishConfig]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [devDependencies]
 * @property {Record<string, string>} [peerDependencies]
 */

/**
 * @typedef {object} Package
 * @property {string} folder from the root, with slashes
 * @property {Manifest} manifest
 * @property {Map<string, string>} files text by path in the package
 */

/**
 * @typedef {object} Workspace
 * @property {string} root
 * @property {Manifest | undefined} manifest the root's own
 * @property {Package[]} packages
 * @property {Map<string, string>} files every text file by path from the root
 */

/**
 * @typedef {object} Finding
 * @property {string} rule
 * @property {string} path
 * @property {string} message
 */

const IGNORED = new Set(["node_modules", "dist", ".git", ".turbo", "coverage"]);
const TEXT = new Set([".ts", ".mts", ".js", ".mjs", ".json", ".md", ".yaml", ".yml", ".sh", ".txt", ".html", ".css"]);
const PLACES = [/^packages\/[^/]+\/[^/]+$/, /^apps\/[^/]+$/, /^tooling\/[^/]+$/];

/**
 * @param {string} root
 * @returns {Workspace}
 */
export function readWorkspace(root) {
  const files = new Map(textFiles(root, root));
  /** @type {Package[]} */
  const packages = [];
  for (const [path, text] of files) {
    const folder = dirname(path);
    if (basename(path) !== "package.json" || !PLACES.some((place) => place.test(folder))) continue;
    const own = [...files].filter(([each]) => each.startsWith(`${folder}/`));
    packages.push({
      folder,
      manifest: JSON.parse(text),
      files: new Map(own.map(([each, content]) => [each.slice(folder.length + 1), content])),
    });
  }
  packages.sort((a, b) => (a.folder < b.folder ? -1 : 1));
  const rootManifest = files.get("package.json");
  return { root, manifest: rootManifest === undefined ? undefined : JSON.parse(rootManifest), packages, files };
}

/**
 * @param {string} root
 * @param {string} folder
 * @returns {Generator<[string, string]>}
 */
function* textFiles(root, folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (IGNORED.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* textFiles(root, path);
    else if (entry.isFile() && (TEXT.has(extname(entry.name)) || path.endsWith(join(".ci", "run")))) {
      yield [relative(root, path).split(sep).join("/"), readFileSync(path, "utf8")];
    }
  }
}

/**
 * Source files of a package.
 *
 * @param {Package} pack
 * @param {string[]} folders `src`, `test`, `bench`
 * @returns {[string, string][]} path in the package, text
 */
export function sourcesOf(pack, folders) {
  return [...pack.files].filter(
    ([path]) => folders.includes(path.split("/")[0] ?? "") && /\.(m?ts|m?js)$/.test(path) && !path.endsWith(".d.ts"),
  );
}

/**
 * Removes comments, keeping the length of lines out of account: what is left is for looking for code, not for positions.
 *
 * @param {string} text
 */
export function withoutComments(text) {
  return text.replace(/("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, "$1");
}
