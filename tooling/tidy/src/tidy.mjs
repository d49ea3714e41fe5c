import { importRule } from "./rules/imports.mjs";
import { injectionRule } from "./rules/injection.mjs";
import { readmeRule } from "./rules/readme.mjs";
import { recipesRule } from "./rules/recipes.mjs";
import { shapeRule } from "./rules/shape.mjs";
import { wordsRule } from "./rules/words.mjs";
import { readWorkspace } from "./workspace.mjs";

/** @import { Finding } from "./workspace.mjs" */

const RULES = [importRule, shapeRule, readmeRule, injectionRule, recipesRule, wordsRule];

/**
 * Checks a checkout.
 *
 * @param {string} root
 * @returns {Finding[]} each once
 */
export function tidy(root) {
  const workspace = readWorkspace(root);
  const findings = RULES.flatMap((rule) => [...rule(workspace)]);
  const seen = new Set();
  return findings.filter(({ path, message }) => {
    const key = `${path}\n${message}`;
    return !seen.has(key) && seen.add(key);
  });
}
