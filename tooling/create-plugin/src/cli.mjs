// Usage: pnpm create-plugin FAMILY NAME

import { fileURLToPath } from "node:url";
import { createPlugin, FAMILIES } from "./create-plugin.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const [family, name, ...rest] = process.argv.slice(2);

if (family === undefined || name === undefined || rest.length > 0 || family.startsWith("-")) {
  console.error(`usage: pnpm create-plugin FAMILY NAME\nFAMILY is one of ${Object.keys(FAMILIES).join(", ")}.`);
  process.exitCode = 2;
} else {
  try {
    for (const path of createPlugin(root, family, name)) console.log(path);
    const folder = FAMILIES[family]?.folder(name);
    console.log(`
Next:
  pnpm install --no-frozen-lockfile
  pnpm exec vitest run ${folder}
It passes the family's kit as it is; now make it yours. To bundle it, add it to the dependencies of apps/cli.`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
