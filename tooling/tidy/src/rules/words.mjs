// What must not stand in a file: paths of somebody's machine, and promises to do something later.

/** @import { Finding, Workspace } from "../workspace.mjs" */

const FOLDERS = ["home", "root", "work", "Users"];
const MACHINE_PATH = new RegExp(`(?<![\\w.*-])/(?:${FOLDERS.join("|")})/[\\w.]`);
const LATER = new RegExp(`\\b(?:${["TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|")})\\b`);

/**
 * @param {Workspace} workspace
 * @returns {Generator<Finding>}
 */
export function* wordsRule(workspace) {
  for (const [path, text] of workspace.files) {
    if (path === "pnpm-lock.yaml") continue;
    for (const [index, line] of text.split("\n").entries()) {
      const word = MACHINE_PATH.exec(line) ?? LATER.exec(line);
      if (word !== null) yield { rule: "words", path: `${path}:${index + 1}`, message: `holds "${word[0]}"` };
    }
  }
}
