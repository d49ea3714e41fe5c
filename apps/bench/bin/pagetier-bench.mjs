#!/usr/bin/env node
// Committed, so that package managers can link the command before the first build.
import { existsSync } from "node:fs";

const main = new URL("../dist/main.js", import.meta.url);
if (!existsSync(main)) {
  console.error("pagetier-bench is not built yet: run `npm start` at the root of the repository first.");
  process.exit(1);
}
const { main: run } = await import(main.href);
process.exitCode = await run(process.argv.slice(2));
