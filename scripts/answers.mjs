// Writes docs/answers.md and its pictures from a result of the suite `thread`. After a build:
//
//   npx pagetier-bench run thread --json thread.json
//   node scripts/answers.mjs thread.json… [--check]
//
// Several results, as `run thread --only …` makes them, are one together.
// With --check nothing is written, and the exit status is 1 when the documents are not what the result says.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { answersDocument } from "../apps/bench/dist/thread/document.js";

const DOCS = new URL("../docs/", import.meta.url);
const { values, positionals } = parseArgs({
  options: { check: { type: "boolean", default: false } },
  allowPositionals: true,
});
if (positionals.length === 0) {
  console.error("usage: node scripts/answers.mjs RESULT.json… [--check]");
  process.exit(2);
}
const files = answersDocument(positionals);
let different = 0;
for (const [name, text] of Object.entries(files)) {
  const path = new URL(name, DOCS);
  if (!values.check) {
    mkdirSync(new URL(".", path), { recursive: true });
    writeFileSync(path, text);
    continue;
  }
  let found = "";
  try {
    found = readFileSync(path, "utf8");
  } catch {}
  if (found === text) continue;
  different++;
  console.error(`docs/${name} is not what ${positionals.join(" and ")} says; write it anew without --check`);
}
console.log(
  values.check
    ? `${Object.keys(files).length - different} documents match`
    : `docs/answers.md and ${Object.keys(files).length - 1} pictures`,
);
process.exitCode = different > 0 ? 1 : 0;
