// Puts the bundled pages, and what says where they come from, into the package of the command before it is packed: those who
// install it have no repository around it.

import { cpSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const from = fileURLToPath(new URL("../data/", import.meta.url));
const to = fileURLToPath(new URL("../apps/cli/data/", import.meta.url));
mkdirSync(to, { recursive: true });
for (const name of ["node-heap.pages.gz", "README.md"]) cpSync(`${from}${name}`, `${to}${name}`);
