// Folder = layer. A dependency points to a lower layer, never sideways:
//
//   base ← foundation ← contracts (tmem last) ← plugins, backends, mm, workload (strangers to each other) ← frontends ← stack
//     ← the umbrella (apps/cli) ← the other apps
//
// Tooling stands outside: nothing depends on it but for development.

const CONTRACTS = new Set([
  "packages/allocators/allocator",
  "packages/compressors/compressor",
  "packages/reclaim/shrinker",
  "packages/reclaim/policy",
  "packages/stores/store",
]);
/** The contract of backends for both hooks, so it stands on theirs. */
const TMEM = "packages/backends/tmem";

/** @type {[RegExp, number, string][]} */
const LAYERS = [
  [/^packages\/foundation\/base$/, 0, "base"],
  [/^packages\/foundation\//, 1, "foundation"],
  [/^packages\/hooks\//, 2, "contract"],
  [/^packages\/frontends\//, 4, "frontend"],
  [/^packages\/stack\//, 5, "stack"],
  [/^packages\//, 3, "plugin"],
  [/^apps\/cli$/, 6, "umbrella"],
  [/^apps\//, 7, "app"],
  [/^tooling\//, 8, "tooling"],
];

/**
 * @param {string} folder of a package
 * @returns {{ level: number, name: string }}
 */
export function layerOf(folder) {
  if (folder === TMEM) return { level: 2.5, name: "contract" };
  if (CONTRACTS.has(folder)) return { level: 2, name: "contract" };
  const found = LAYERS.find(([pattern]) => pattern.test(folder));
  if (found === undefined) throw new Error(`${folder} is in no layer`);
  return { level: found[1], name: found[2] };
}
