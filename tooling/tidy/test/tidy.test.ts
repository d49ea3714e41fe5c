import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { tidy } from "../src/tidy.mjs";

type Tree = Record<string, string>;
type Manifest = Record<string, unknown>;

const entry = { types: "./dist/index.d.ts", default: "./dist/index.js" };
const manifest = (name: string, more: Manifest = {}): Manifest => ({
  name,
  description: "A sentence.",
  license: "Apache-2.0",
  type: "module",
  files: ["dist", "src"],
  exports: { ".": { "@pagetier/source": "./src/index.ts", ...entry }, "./package.json": "./package.json" },
  publishConfig: { access: "public", exports: { ".": entry, "./package.json": "./package.json" } },
  ...more,
});

const readme = (name: string, errors = ""): string =>
  `# ${name}\n\nIt does one thing.\n\n## Install\n\nnpm\n\n## Use\n\n\`\`\`sh\n## no heading\n\`\`\`\n${errors}`;

/** A package in whose shape nothing is wrong. */
function pack(folder: string, name: string, more: Manifest = {}, source = "export const one = 1;\n"): Tree {
  return {
    [`${folder}/package.json`]: JSON.stringify(manifest(name, more)),
    [`${folder}/README.md`]: readme(name),
    [`${folder}/src/index.ts`]: source,
    [`${folder}/test/one.test.ts`]: 'import { test } from "vitest";\nimport { one } from "../src/index.js";\n',
  };
}

const base = pack("packages/foundation/base", "@pagetier/base");
const contract = pack("packages/stores/store", "@pagetier/store", {
  dependencies: { "@pagetier/base": "workspace:^" },
});
const plugin = pack("packages/stores/file", "@pagetier/store-file", {
  dependencies: { "@pagetier/store": "workspace:^" },
});

/** A small checkout in which nothing is wrong. */
const GOOD: Tree = {
  "package.json": JSON.stringify({ devDependencies: { vitest: "catalog:" } }),
  "packages/stack/stack/presets/one.yaml": "memory: 1MiB\n",
  "recipes/one.yaml": "memory: 1MiB\n",
  ...base,
  ...contract,
  ...plugin,
};

let root: string | undefined;
afterEach(() => {
  if (root !== undefined) rmSync(root, { recursive: true });
  root = undefined;
});

/** Lays a checkout and answers what tidy finds in it. */
function findings(tree: Tree): string[] {
  if (root !== undefined) rmSync(root, { recursive: true });
  root = mkdtempSync(join(tmpdir(), "pagetier-tidy-"));
  for (const [path, text] of Object.entries(tree)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return tidy(root).map(({ rule, path, message }) => `${rule} ${path} ${message}`);
}

/** Damages the good checkout and expects one finding that says so. */
function check(damage: Tree, ...parts: string[]): void {
  const found = findings({ ...GOOD, ...damage });
  expect(found).toHaveLength(1);
  for (const part of parts) expect(found[0]).toContain(part);
}

const FILE = "packages/stores/file";

test("finds nothing where nothing is wrong", () => {
  expect(findings(GOOD)).toEqual([]);
});

test("dependencies point down, in package.json and in sources", () => {
  const dependsOn = (name: string, range = "workspace:^") => ({ dependencies: { [name]: range } });
  const memory = (more: Manifest) => pack("packages/stores/memory", "@pagetier/store-memory", more);
  check(
    memory(dependsOn("@pagetier/store-file")),
    "imports",
    "store-memory (plugin) must not depend on @pagetier/store-file (plugin)",
  );
  const upwards = pack("packages/stores/store", "@pagetier/store", dependsOn("@pagetier/stack"));
  const stack = pack("packages/stack/stack", "@pagetier/stack");
  check({ ...stack, ...upwards }, "store (contract) must not depend on @pagetier/stack (stack)");
  const peer = memory({ peerDependencies: { "@pagetier/store-file": "^1.0.0" } });
  check(peer, "store-memory (plugin) must not depend on @pagetier/store-file (plugin)");

  const forTests = { devDependencies: { "@pagetier/store-file": "workspace:^" } };
  expect(findings({ ...GOOD, ...memory(forTests) }), "tests may name any plugin").toEqual([]);
  const sneaks = {
    ...memory(forTests),
    "packages/stores/memory/src/sneak.ts": 'export * from "@pagetier/store-file";\n',
  };
  const found = findings({ ...GOOD, ...sneaks });
  expect(found.join("\n")).toContain("sneak.ts @pagetier/store-memory (plugin) must not depend on");
  expect(found.join("\n")).toContain("imports @pagetier/store-file, which package.json does not name");
});

test("what is imported is declared, by whatever kind of import", () => {
  const source = (text: string): Tree => ({ [`${FILE}/src/more.ts`]: text });
  const undeclared = "imports zod, which package.json does not name";
  check(source('import { z } from "zod";\n'), undeclared);
  check(source('import {\n  a,\n  type b,\n} from "zod/mini";\n'), undeclared);
  check(source('import "zod";\n'), undeclared);
  check(source(`export const z = await ${"import"}("zod");\n`), undeclared);
  check(source('import type { z } from "zod";\n'), undeclared);
  check(source('import { x } from "../../memory/src/index.js";\n'), "outside its package");
  check({ [`${FILE}/test/two.test.ts`]: 'import fc from "fast-check";\n' }, "imports fast-check");
  expect(findings({ ...GOOD, ...source('// import { z } from "zod";\nimport { open } from "node:fs";\n') })).toEqual(
    [],
  );
});

test("dependency injection has one door", () => {
  const wants = pack(FILE, "@pagetier/store-file", { dependencies: { tsyringe: "catalog:" } });
  check(wants, "depends on tsyringe; only @pagetier/di does");
  check(
    { [`${FILE}/src/more.ts`]: 'import "reflect-metadata";\n' },
    "imports reflect-metadata; import from @pagetier/di",
  );
  const owner = pack(
    "packages/foundation/di",
    "@pagetier/di",
    { dependencies: { tsyringe: "catalog:" } },
    'export * from "tsyringe";\n',
  );
  expect(findings({ ...GOOD, ...owner })).toEqual([]);
});

test("packages do not depend on each other in a circle, tests included", () => {
  const circle = pack("packages/stores/store", "@pagetier/store", {
    devDependencies: { "@pagetier/store-file": "workspace:^" },
  });
  check(circle, "in a circle", "@pagetier/store-file → @pagetier/store → @pagetier/store-file");
});

test("versions are asked for in one way", () => {
  check(
    pack(FILE, "@pagetier/store-file", { dependencies: { zod: "^4.0.0" } }),
    "zod is asked for as ^4.0.0; write catalog:",
  );
  const ours = pack(FILE, "@pagetier/store-file", { dependencies: { "@pagetier/store": "workspace:*" } });
  check(ours, "@pagetier/store is asked for as workspace:*; write workspace:^");
});

test("every package looks the same from outside", () => {
  const shape = (more: Manifest, ...parts: string[]) =>
    check(pack(FILE, "@pagetier/store-file", more), "shape", ...parts);
  shape({ license: "MIT" }, "license is MIT");
  shape({ type: "commonjs" }, "type is commonjs");
  shape({ description: "no sentence" }, "description");
  shape({ files: ["dist"] }, "files must hold dist and src");
  check(pack(FILE, "@pagetier/store-disk"), "its end is the folder's name, file");
  const { publishConfig, exports } = manifest("x") as { publishConfig: Manifest; exports: Manifest };
  shape({ publishConfig: { exports: publishConfig.exports } }, "publishConfig.access");
  shape({ publishConfig: { ...publishConfig, exports } }, "publishConfig.exports must be exports without");
  const withEntry = (target: unknown, published: unknown = entry) => ({
    exports: { ...exports, ".": target },
    publishConfig: { ...publishConfig, exports: { ".": published, "./package.json": "./package.json" } },
  });
  shape(
    withEntry(
      { "@pagetier/source": "./src/none.ts", types: "./dist/none.d.ts", default: "./dist/none.js" },
      { types: "./dist/none.d.ts", default: "./dist/none.js" },
    ),
    "./src/none.ts, which does not exist",
  );
  shape(
    withEntry(
      { "@pagetier/source": "./src/index.ts", ...entry, types: "./dist/other.d.ts" },
      { ...entry, types: "./dist/other.d.ts" },
    ),
    "types is ./dist/other.d.ts",
  );
  shape(withEntry(entry), "has no @pagetier/source");
  const { [`${FILE}/test/one.test.ts`]: _test, ...untested } = GOOD;
  expect(findings(untested)).toEqual([`shape ${FILE}/test there is no test; write at least one`]);
});

test("every README has its headings, and lists the errors that its package throws", () => {
  const path = `${FILE}/README.md`;
  const name = "@pagetier/store-file";
  const { [path]: _readme, ...without } = GOOD;
  expect(findings(without)).toEqual([`readme ${path} there is no README`]);
  check({ [path]: readme("store-file") }, "the title is not");
  check({ [path]: `# ${name}\n## Install\n## Use\n` }, "no sentence under the title");
  check({ [path]: `${readme(name)}## Speed\n` }, 'the heading "Speed" is none of');
  check({ [path]: `${readme(name)}## See also\n## Errors\n` }, "not in the order");
  check({ [path]: readme(name).replace("## Use", "") }, 'the heading "Use" is missing');
  const throws = 'throw new TierError(\n  "STORE_OPEN", "x");\nthrow new TierError("STORE_IO", "y");\n';
  const source = { [`${FILE}/src/more.ts`]: throws };
  check(
    { ...source, [path]: readme(name, "## Errors\n\n- `STORE_OPEN`\n\n## See also\n\nSTORE_IO\n") },
    "does not list STORE_IO",
  );
  expect(findings({ ...GOOD, ...source, [path]: readme(name, "## Errors\n\n- `STORE_OPEN`, `STORE_IO`\n") })).toEqual(
    [],
  );
});

test("every constructor parameter of an injectable class says its token", () => {
  const source = (parameters: string): Tree => ({
    [`${FILE}/src/more.ts`]: `@injectable()\nexport class One implements Thing<A> {\n  constructor(${parameters}) {}\n}\n`,
  });
  check(source("options: Options"), 'One: the constructor parameter "options: Options" has no @inject');
  check(source("@inject(A) a: Map<string, A>, readonly b: (x: A, y: B) => void"), '"readonly b');
  expect(
    findings({
      ...GOOD,
      ...source("\n    // why, and how\n    @inject(A) a: Map<string, A>,\n    @injectAll(B) readonly b: B[],\n  "),
    }),
  ).toEqual([]);
  expect(
    findings({ ...GOOD, [`${FILE}/src/more.ts`]: "class Plain {\n  constructor(options: Options) {}\n}\n" }),
  ).toEqual([]);
});

test("recipes are copies of the presets", () => {
  check({ "recipes/one.yaml": "memory: 2MiB\n" }, "recipes/one.yaml differs from the preset");
  check({ "packages/stack/stack/presets/two.yaml": "" }, "recipes/two.yaml is missing");
  check({ "recipes/three.yaml": "" }, "recipes/three.yaml is a copy of no preset");
});

test("no file names somebody's machine or puts work off", () => {
  check({ "docs/a.md": `one\nsee /${"home"}/me/x\n` }, "docs/a.md:2", "home");
  check({ [`${FILE}/src/more.ts`]: `// ${"TO"}DO: later\n` }, "more.ts:1");
  expect(findings({ ...GOOD, "docs/a.md": "packages/work/load, https://example.org/home/page, */root/x\n" })).toEqual(
    [],
  );
});
