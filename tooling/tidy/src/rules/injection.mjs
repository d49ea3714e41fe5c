// Every constructor parameter of an injectable class says its token. One without arrives as `undefined`, or as a freshly
// made `Map`, and nobody complains.

import { sourcesOf, withoutComments } from "../workspace.mjs";

/** @import { Finding, Workspace } from "../workspace.mjs" */

const CLASS = /@injectable\(\)[^{]*?\bclass\s+(\w+)/g;

/**
 * @param {Workspace} workspace
 * @returns {Generator<Finding>}
 */
export function* injectionRule(workspace) {
  for (const pack of workspace.packages) {
    for (const [file, raw] of sourcesOf(pack, ["src", "test"])) {
      const text = withoutComments(raw);
      for (const match of text.matchAll(CLASS)) {
        const from = match.index + match[0].length;
        const nextClass = text.indexOf("@injectable()", from);
        const body = text.slice(from, nextClass < 0 ? text.length : nextClass);
        for (const parameter of constructorParameters(body)) {
          if (/^@inject(All)?\(/.test(parameter)) continue;
          const message = `${match[1]}: the constructor parameter "${parameter.replace(/\s+/g, " ")}" has no @inject or @injectAll`;
          yield { rule: "injection", path: `${pack.folder}/${file}`, message };
        }
      }
    }
  }
}

/**
 * @param {string} body text of a class and what follows
 * @returns {string[]}
 */
function constructorParameters(body) {
  const start = /^\s*(?:public\s+|private\s+|protected\s+)?constructor\s*\(/m.exec(body);
  if (start === null) return [];
  const parameters = [];
  let depth = 0;
  let parameter = "";
  for (const character of body.slice(start.index + start[0].length).replaceAll("=>", "")) {
    if (depth === 0 && (character === ")" || character === ",")) {
      if (parameter.trim() !== "") parameters.push(parameter.trim());
      parameter = "";
      if (character === ")") return parameters;
      continue;
    }
    if ("([{<".includes(character)) depth++;
    else if (")]}>".includes(character)) depth--;
    parameter += character;
  }
  return parameters;
}
