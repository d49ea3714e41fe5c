// Prints what is not as the architecture promises. Exit status 1 when there is anything.

import { fileURLToPath } from "node:url";
import { tidy } from "./tidy.mjs";

const root = process.argv[2] ?? fileURLToPath(new URL("../../..", import.meta.url));
const findings = tidy(root);
for (const { rule, path, message } of findings) console.log(`${path}: ${message} [${rule}]`);
console.log(findings.length === 0 ? "tidy" : `${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;
