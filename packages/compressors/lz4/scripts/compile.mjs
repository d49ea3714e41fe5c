// Compiles assembly/page-codec.ts with the pinned AssemblyScript and writes src/lz4-module.wasm.ts.
// `compileModule()` alone returns the bytes; a test compares them with the committed ones.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv } from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import asc from "assemblyscript/asc";

const FOLDER = fileURLToPath(new URL("..", import.meta.url));
const OUTPUT = new URL("../src/lz4-module.wasm.ts", import.meta.url);

/** One page of 64 KiB that never grows; stub runtime: the module allocates nothing. */
const FLAGS = ["-O3", "--runtime", "stub", "--noAssert", "--initialMemory", "1", "--maximumMemory", "1"];
const FEATURES = ["--enable", "simd", "--enable", "bulk-memory", "--enable", "sign-extension"];

/** Compiles the module and returns its bytes. */
export async function compileModule() {
  const folder = await mkdtemp(join(tmpdir(), "pagetier-lz4-"));
  try {
    const target = join(folder, "module.wasm");
    const { error, stderr } = await asc.main([
      "assembly/page-codec.ts",
      "--baseDir",
      FOLDER,
      "--outFile",
      target,
      ...FLAGS,
      ...FEATURES,
    ]);
    if (error) throw new Error(`asc refused assembly/page-codec.ts: ${stderr.toString()}`, { cause: error });
    return await readFile(target);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The source file that carries the module. */
export function moduleSource(bytes) {
  const lines = bytes.toString("base64").match(/.{1,100}/g) ?? [];
  const text = lines.map((line) => `  "${line}"`).join(" +\n");
  return `// Made by scripts/compile.mjs from assembly/page-codec.ts. Do not edit; run \`pnpm run compile\`.\n\n/** The compiled page codec, base64. */\nexport const LZ4_MODULE =\n${text};\n`;
}

if (argv[1] !== undefined && import.meta.url === pathToFileURL(argv[1]).href) {
  const bytes = await compileModule();
  await writeFile(OUTPUT, moduleSource(bytes));
  console.log(`src/lz4-module.wasm.ts: ${bytes.length} bytes of WebAssembly`);
}
