// Makes a policy from the way a command line writes it: `clock:n-bit-counter=2`. Works on dist.

import { readdirSync } from "node:fs";
import { createPrng, UNCHARGED } from "@pagetier/base";

/** Short names of all policies of this package: its files. */
export const policyNames = readdirSync(new URL("../src/", import.meta.url))
  .filter((file) => file.endsWith(".ts") && file !== "index.ts")
  .map((file) => file.slice(0, -".ts".length));

const plugins = new Map();
for (const name of policyNames) plugins.set(name, (await import(`../dist/${name}.js`)).plugin);

/** @returns an EvictionPolicy or an OfflinePolicy */
export function makePolicy(text, capacity) {
  const [, name, options = ""] = /^([^:]+):?(.*)$/.exec(text);
  const plugin = plugins.get(name);
  if (plugin === undefined) throw new Error(`there is no policy ${name}; there are ${policyNames.join(", ")}`);
  const input = Object.fromEntries(
    options
      .split(",")
      .filter(Boolean)
      .map((option) => option.split("=")),
  );
  const parsed = plugin.options["~standard"].validate(input);
  if (parsed.issues) throw new Error(`${text}: ${parsed.issues.map(({ message }) => message).join("; ")}`);
  const parts = { capacity, expectedPages: capacity, prng: createPrng(1), accountant: UNCHARGED };
  return plugin.create(parts, parsed.value);
}
