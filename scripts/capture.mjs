// Captures workloads of real programs: what they do with their memory and what is in it, as .ptt files that
// `pagetier run --trace` replays. Linux, with valgrind, and sqlite3 for that workload (apt-get install valgrind sqlite3).
//
//   node scripts/capture.mjs sort                        sort.ptt, 144 MiB of memory at a time, some minutes
//   node scripts/capture.mjs sqlite --output db.ptt      179 MiB at a time; --size 4MiB makes a small one
//
// sort     GNU sort puts the repository's files, one record each, in order; its buffer holds most of them, so that it
//          sorts two runs, gives the buffer back, and merges.
// sqlite   An in-memory database takes the files in as rows, changes some, deletes others, and gives their pages back
//          (auto_vacuum), again and again.
//
// Input are the repository's own text files; for more than they have, those of node_modules and of the system too.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "apps/cli/bin/pagetier.mjs");
const TEXT = /\.(ts|mts|js|mjs|cjs|json|md|yaml|html|css)$/;
const FILE_BYTES_MAX = 4 * 2 ** 20;
/** Where more text is, if the repository has not enough. */
const MORE = [join(root, "node_modules/.pnpm"), "/usr/lib", "/usr/include", "/usr/share"];
const NO_REP = "glibc.cpu.x86_rep_movsb_threshold=1073741824:glibc.cpu.x86_rep_stosb_threshold=1073741824";
const ROW_BYTES = 100 * 1024;
const OWN = "Apache-2.0: the repository's own files";
const OTHERS = "those of the packages in node_modules and of the system. Not for redistribution as it is";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: "string" },
    output: { type: "string" },
    limit: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
const [kind = ""] = positionals;
const WORKLOADS = { sort: captureSort, sqlite: captureSqlite };
/** Bytes of input: each comes to more than 128 MiB of memory at a time. */
const SIZES = { sort: "160MiB", sqlite: "112MiB" };
if (values.help || positionals.length !== 1 || !(kind in WORKLOADS)) {
  console.error("node scripts/capture.mjs sort|sqlite [--size 64MiB] [--output FILE.ptt] [--limit ACCESSES]");
  process.exit(values.help ? 0 : 2);
}
const sizeText = values.size ?? SIZES[kind];
const size = bytesOf(sizeText);
const folder = mkdtempSync(join(tmpdir(), "pagetier-capture-"));
let status = 1;
try {
  status = WORKLOADS[kind](resolve(values.output ?? `${kind}.ptt`));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(status);

function captureSort(output) {
  const { files, licence } = inputFiles(size);
  const input = join(folder, "records");
  writeFileSync(input, Buffer.concat(files.flatMap(({ bytes }) => [bytes, Buffer.of(0)])));
  const buffer = `${Math.max(64, Math.floor((size / 1024) * 0.9))}K`;
  const program = [
    "sort",
    "--zero-terminated",
    "--parallel=1",
    `--buffer-size=${buffer}`,
    `--temporary-directory=${folder}`,
    input,
  ];
  return run(program, output, licence, `GNU sort of ${files.length} files, buffer ${buffer}`);
}

function captureSqlite(output) {
  const { files, licence } = inputFiles(size);
  const rows = rowsOf(files);
  for (const [index, bytes] of rows.entries()) writeFileSync(join(folder, `${index}.txt`), bytes);
  const half = Math.floor(rows.length / 2);
  const insert = (first, end) =>
    `INSERT INTO doc SELECT value, readfile('${folder}/' || value || '.txt') FROM generate_series(${first}, ${end - 1});`;
  // Larger pages than usual and a low threshold: each page is a mapping of its own, and freeing one gives it back.
  const script = [
    "PRAGMA page_size = 65536;",
    "PRAGMA auto_vacuum = FULL;",
    "CREATE TABLE doc (id INTEGER PRIMARY KEY, body BLOB);",
    insert(0, half),
    "SELECT sum(length(substr(body, 1, 50))) FROM doc;",
    "DELETE FROM doc WHERE id % 3 = 1;",
    insert(half, rows.length),
    "UPDATE doc SET body = body || x'0a' WHERE id % 8 = 3;",
    "SELECT sum(length(substr(body, 1, 50))) FROM doc;",
    `DELETE FROM doc WHERE id % 4 = 0 OR id < ${Math.floor(half / 2)};`,
    "DROP TABLE doc;",
  ];
  const path = join(folder, "script.sql");
  writeFileSync(path, script.join("\n"));
  return run(
    ["sqlite3", ":memory:", `.read ${path}`],
    output,
    licence,
    `sqlite3, ${files.length} files in an in-memory database`,
    {
      MALLOC_MMAP_THRESHOLD_: "65536",
    },
  );
}

/** Files put together to rows of about a hundred kilobytes. */
function rowsOf(files) {
  const rows = [];
  let pieces = [];
  let bytes = 0;
  for (const file of files) {
    pieces.push(file.bytes);
    bytes += file.bytes.length;
    if (bytes < ROW_BYTES) continue;
    rows.push(Buffer.concat(pieces));
    pieces = [];
    bytes = 0;
  }
  if (pieces.length > 0) rows.push(Buffer.concat(pieces));
  return rows;
}

function run(program, output, licence, what, env = {}) {
  const shown = relative(process.cwd(), output) || output;
  console.error(`${what} → ${shown}`);
  const limit = values.limit === undefined ? [] : ["--limit", values.limit];
  const origin = `${what}, captured by node scripts/capture.mjs ${kind} --size ${sizeText}`;
  // A bare environment in a neutral folder: both are in the memory that is captured. `rep movsb`, with which the C library
  // copies, would be an access for each byte.
  const ended = spawnSync(
    process.execPath,
    [bin, "trace", "import", "--output", output, "--origin", origin, "--licence", licence, ...limit, "--", ...program],
    {
      cwd: folder,
      stdio: ["ignore", "inherit", "inherit"],
      env: { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C", GLIBC_TUNABLES: NO_REP, ...env },
    },
  );
  return ended.status ?? 1;
}

/** Text files of about `wanted` bytes together, in a fixed order: the repository's own first. */
function inputFiles(wanted) {
  const files = [];
  let bytes = 0;
  let licence = OWN;
  const take = (path) => {
    const { size: length } = statSync(path);
    if (length === 0 || length > FILE_BYTES_MAX || bytes + length > wanted) return;
    const content = readFileSync(path);
    if (content.includes(0)) return; // No text.
    files.push({ path, bytes: content });
    bytes += length;
  };
  for (const path of walk(root, (name) => name === "node_modules" || name === "dist" || name.startsWith(".")))
    take(path);
  if (wanted - bytes > wanted / 10) {
    licence = OTHERS;
    for (const place of MORE) {
      for (const path of walk(place, () => bytes > wanted * 0.99)) take(path);
    }
  }
  if (bytes < wanted * 0.9) {
    console.error(
      `There are only ${bytes} bytes of text in the repository, its node_modules and the system; ask for less with --size.`,
    );
    process.exit(1);
  }
  return { files, licence };
}

function* walk(folder, isLeftOut) {
  for (const entry of entriesOf(folder)) {
    if (isLeftOut(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path, isLeftOut);
    else if (entry.isFile() && TEXT.test(entry.name)) yield path;
  }
}

function entriesOf(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return []; // Not ours to read.
  }
}

function bytesOf(text) {
  const match = /^(\d+)(KiB|MiB|GiB)$/.exec(text);
  if (match === null) {
    console.error(`--size ${text} is no size such as 160MiB.`);
    process.exit(2);
  }
  return Number(match[1]) * { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }[match[2]];
}
