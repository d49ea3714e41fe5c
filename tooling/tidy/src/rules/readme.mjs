// Every README has the same headings in the same order, and lists every error code that its package throws.

import { layerOf } from "../layers.mjs";
import { sourcesOf, withoutComments } from "../workspace.mjs";

/** @import { Finding, Package, Workspace } from "../workspace.mjs" */

const HEADINGS = [
  "Install",
  "Use",
  "Options",
  "Behaviour and trade-offs",
  "Counters",
  "Errors",
  "Conformance",
  "See also",
];
const THROWN = /new TierError\(\s*"([A-Z][A-Z0-9_]*)"/g;

/**
 * @param {Workspace} workspace
 * @returns {Generator<Finding>}
 */
export function* readmeRule(workspace) {
  for (const pack of workspace.packages) {
    if (layerOf(pack.folder).name === "tooling") continue;
    const path = `${pack.folder}/README.md`;
    const text = pack.files.get("README.md");
    if (text === undefined) {
      yield { rule: "readme", path, message: "there is no README" };
      continue;
    }
    for (const message of faults(pack, text)) yield { rule: "readme", path, message };
  }
}

/**
 * @param {Package} pack
 * @param {string} text
 * @returns {Generator<string>}
 */
function* faults(pack, text) {
  const isLibrary = pack.folder.startsWith("packages/");
  const lines = text.replace(/^```[\s\S]*?^```/gm, "").split("\n");
  if (lines[0] !== `# ${pack.manifest.name}`) yield `the title is not "# ${pack.manifest.name}"`;
  const headings = lines.filter((line) => line.startsWith("## ")).map((line) => line.slice(3).trim());
  if (isLibrary) {
    const purpose = lines.slice(1).find((line) => line.trim() !== "");
    if (purpose === undefined || purpose.startsWith("#"))
      yield "no sentence under the title says what the package is for";
    for (const heading of headings)
      if (!HEADINGS.includes(heading)) yield `the heading "${heading}" is none of ${HEADINGS.join(", ")}`;
    const known = headings.filter((heading) => HEADINGS.includes(heading));
    const ordered = [...known].sort((a, b) => HEADINGS.indexOf(a) - HEADINGS.indexOf(b));
    if (known.join() !== ordered.join()) yield `the headings are not in the order ${ordered.join(", ")}`;
    for (const heading of ["Install", "Use"])
      if (!headings.includes(heading)) yield `the heading "${heading}" is missing`;
  }
  const errors = section(text, "Errors");
  for (const code of thrownBy(pack)) {
    if (!new RegExp(`\\b${code}\\b`).test(errors))
      yield `the section Errors does not list ${code}, which the package throws`;
  }
}

/** @param {Package} pack */
function thrownBy(pack) {
  const codes = sourcesOf(pack, ["src"]).flatMap(([, text]) =>
    [...withoutComments(text).matchAll(THROWN)].map((match) => match[1] ?? ""),
  );
  return [...new Set(codes)].sort();
}

/**
 * @param {string} text
 * @param {string} heading
 */
function section(text, heading) {
  const start = text.search(new RegExp(`^## ${heading}\\s*$`, "m"));
  if (start < 0) return "";
  const rest = text.slice(start + 3);
  const end = rest.search(/^## /m);
  return end < 0 ? rest : rest.slice(0, end);
}
