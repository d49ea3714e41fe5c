// What is wrong with options, in sentences that name the path, the value and what was expected.
//
// A plugin's options may be checked by any Standard Schema, which promises no more than a message and a path. zod says
// more (a code, the keys it does not know); where that is there it is used, and where not the message stands as it is.

import type { StandardSchemaV1 } from "@standard-schema/spec";
import { suggestion } from "./near-misses.js";

/** One complaint of a schema: what Standard Schema promises, and what zod adds. */
type Issue = StandardSchemaV1.Issue & { readonly code?: unknown; readonly keys?: unknown };

/** A key on the way to a value. */
type Key = string | number;

/** Longest value that is printed in full. */
const VALUE_LENGTH_MAX = 60;

/** Writes where a value lies: `swap[0].next.size`. */
export function pathText(path: readonly Key[]): string {
  let text = "";
  for (const key of path) text += typeof key === "number" ? `[${key}]` : text === "" ? key : `.${key}`;
  return text;
}

/** Writes a value as a recipe would. */
export function valueText(value: unknown): string {
  if (typeof value === "function") return "a function";
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= VALUE_LENGTH_MAX ? text : `${text.slice(0, VALUE_LENGTH_MAX)}…`;
}

/**
 * Turns a schema's complaint into a sentence without a full stop.
 *
 * @param base path of the checked value
 * @param value the checked value
 * @param knownKeys keys that the value's object at `path` may have, for near misses; by path relative to `base`
 */
export function issueText(
  issue: Issue,
  base: readonly Key[],
  value: unknown,
  knownKeys: (path: readonly Key[]) => Iterable<string>,
): string {
  const relative = (issue.path ?? []).map((segment) => {
    const key = typeof segment === "object" ? segment.key : segment;
    return typeof key === "symbol" ? String(key) : key;
  });
  const path = [...base, ...relative];
  if (issue.code === "unrecognized_keys" && Array.isArray(issue.keys)) {
    const known = [...knownKeys(relative)];
    return issue.keys.map((key) => unknownKeyText([...path, String(key)], known)).join(", and ");
  }
  const place = path.length === 0 ? "the recipe" : pathText(path);
  const message = issue.message.replace(/\.$/, "");
  if (issue.code === "custom") return `${place}: ${message}`;
  const expected = expectation(message);
  const found = valueAt(value, relative);
  return found === undefined ? `${place} is missing; ${expected}` : `${place} is ${valueText(found)}; ${expected}`;
}

/** Says that a key is none, and which are. */
export function unknownKeyText(path: readonly Key[], known: readonly string[]): string {
  const hint = suggestion(String(path.at(-1)), known);
  return `${pathText(path)} is no known key${hint === "" ? "" : `; ${hint}`}`;
}

/** The keys of a zod object; `undefined` for other schemas, which do not tell. */
export function keysOf(schema: unknown): string[] | undefined {
  if (typeof schema !== "object" || schema === null || !("shape" in schema)) return undefined;
  const { shape } = schema;
  return typeof shape === "object" && shape !== null ? Object.keys(shape) : undefined;
}

/** zod says "Invalid input: expected number, received string"; the value speaks for itself. */
function expectation(message: string): string {
  const text = message.replace(/^Invalid (input|option): /, "").replace(/, received .*$/, "");
  return text
    .replace(/^(Too (?:big|small)): expected/, "expected")
    .replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
}

function valueAt(value: unknown, path: readonly Key[]): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== "object" || found === null) return undefined;
    found = (found as Readonly<Record<Key, unknown>>)[key];
  }
  return found;
}

/** Ends a sentence, unless it ended by itself. */
export function sentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}
