// Which traps of part 10 of ../shared/reference/linux-mm.md have a test named after them: `node scripts/traps.mjs`.
//
// A test is named after a trap by `10.6-g …` or `10.3 d, e: …`, or by `g: …` inside `describe("10.6 …")`. Those that
// conformance kits hold count as well.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

const ROOT = new URL("../", import.meta.url);
const REFERENCE = new URL("../shared/reference/linux-mm.md", ROOT);

/** What cannot occur here, and why. */
const CANNOT = {
  "10.1 b": "there are no large folios",
  "10.1 n": "no device is offered to users; MM keeps a page until its write has succeeded",
  "10.4 f": "frames have no lock: whatever is empty is freed at once",
};

if (!existsSync(REFERENCE)) {
  console.log("skipped: there is no reference beside the repository");
  process.exit(0);
}
const tests = testsByTrap();
let without = 0;
for (const { trap, what } of traps()) {
  const files = tests.get(trap);
  if (files !== undefined) console.log(`${trap}  ${[...files].join(", ")}`);
  else if (trap in CANNOT) console.log(`${trap}  cannot occur: ${CANNOT[trap]}`);
  else {
    console.log(`${trap}  no test: ${what}`);
    without++;
  }
}
console.log(`${without} traps have no test of their name`);

function* traps() {
  let section;
  for (const line of readFileSync(REFERENCE, "utf8").split("\n")) {
    section = /^### 10\.(\d) /.exec(line)?.[1] ?? (line.startsWith("##") ? undefined : section);
    const row = /^\| ([a-n]) \| ([^|]+) \|/.exec(line);
    if (section === undefined || row === null) continue;
    yield { trap: `10.${section} ${row[1]}`, what: row[2].trim() };
  }
}

function testsByTrap() {
  const found = new Map();
  const note = (trap, file) => found.set(trap, (found.get(trap) ?? new Set()).add(file));
  const files = execFileSync("git", ["ls-files", "*.test.ts", "packages/*/*/src/conformance/*.ts"], {
    cwd: ROOT,
    encoding: "utf8",
  })
    .trim()
    .split("\n");
  for (const file of files) {
    let section;
    for (const line of readFileSync(new URL(file, ROOT), "utf8").split("\n")) {
      if (/^\s*\/\//.test(line)) continue;
      section = /describe\("10\.(\d) /.exec(line)?.[1] ?? (/^describe\(/.test(line) ? undefined : section);
      for (const [, number, letters] of line.matchAll(/10\.(\d)[- ]([a-n](?:, [a-n])*)\b/g)) {
        for (const letter of letters.split(", ")) note(`10.${number} ${letter}`, file);
      }
      const inside = /test\("([a-n]): /.exec(line)?.[1];
      if (section !== undefined && inside !== undefined) note(`10.${section} ${inside}`, file);
    }
  }
  return found;
}
