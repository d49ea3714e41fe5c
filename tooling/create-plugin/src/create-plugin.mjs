// Lays a plugin: copies a family's template and puts the name in its place.
//
// A template is a small plugin that already passes its family's conformance kit, so that whoever starts from it changes one
// thing at a time with the tests green. `__name__` stands for the name as recipes write it (`my-pool`), `__Name__` for the
// class (`MyPool`), `__camel__` for the factory (`myPool`); in file names as in texts.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const TEMPLATES = fileURLToPath(new URL("../templates", import.meta.url));

/**
 * @typedef {object} Family
 * @property {(name: string) => string} folder where the plugin goes, from the root
 * @property {string[]} dependencies
 * @property {boolean} isPackage whether each plugin is a package of its own
 * @property {string} description
 */

/** @type {Readonly<Record<string, Family>>} */
export const FAMILIES = {
  allocator: {
    folder: (name) => `packages/allocators/${name}`,
    dependencies: ["@pagetier/allocator", "@pagetier/base", "@pagetier/frames"],
    isPackage: true,
    description: "One frame per object: the plainest allocator, to start from.",
  },
  compressor: {
    folder: (name) => `packages/compressors/${name}`,
    dependencies: ["@pagetier/base", "@pagetier/compressor"],
    isPackage: true,
    description: "Leaves out zeroes at the end: the plainest codec, to start from.",
  },
  store: {
    folder: (name) => `packages/stores/${name}`,
    dependencies: ["@pagetier/base", "@pagetier/store"],
    isPackage: true,
    description: "Keeps pages in a map: the plainest store, to start from.",
  },
  policy: {
    folder: () => "packages/reclaim/policies",
    dependencies: [],
    isPackage: false,
    description: "First in, first out: the plainest policy, to start from.",
  },
};

/**
 * Lays a plugin.
 *
 * @param {string} root of the checkout
 * @param {string} family
 * @param {string} name as recipes will write it
 * @returns {string[]} the files, from the root
 * @throws Error in a sentence, when nothing was laid
 */
export function createPlugin(root, family, name) {
  const kind = FAMILIES[family];
  if (kind === undefined)
    throw new Error(`there is no family ${family}; choose one of ${Object.keys(FAMILIES).join(", ")}`);
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name))
    throw new Error(`${name} is no plugin's name; write small letters, digits and single hyphens`);
  const folder = join(root, kind.folder(name));
  const template = join(TEMPLATES, family);
  const files = [...filesIn(template)].map((path) => [
    filled(relative(template, path), name),
    filled(readFileSync(path, "utf8"), name),
  ]);
  if (kind.isPackage) files.push(...packageFiles(family, name, kind));
  for (const [path = ""] of files) {
    if (existsSync(join(folder, path)))
      throw new Error(`${join(kind.folder(name), path)} exists already; choose another name`);
  }
  for (const [path = "", text = ""] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return files.map(([path = ""]) => `${kind.folder(name)}/${path}`).sort();
}

/**
 * What every package has, whatever its family.
 *
 * @param {string} family
 * @param {string} name
 * @param {Family} kind
 * @returns {[string, string][]}
 */
function packageFiles(family, name, kind) {
  const packageName = `@pagetier/${family}-${name}`;
  const entry = { types: "./dist/index.d.ts", default: "./dist/index.js" };
  const ours = Object.fromEntries(kind.dependencies.map((dependency) => [dependency, "workspace:^"]));
  const manifest = {
    name: packageName,
    version: "0.0.0",
    description: kind.description,
    license: "Apache-2.0",
    type: "module",
    sideEffects: false,
    engines: { node: ">=20.19.0" },
    files: ["dist", "src", "!dist/.tsbuildinfo"],
    exports: { ".": { "@pagetier/source": "./src/index.ts", ...entry }, "./package.json": "./package.json" },
    publishConfig: { access: "public", exports: { ".": entry, "./package.json": "./package.json" } },
    scripts: { build: "tsc -p tsconfig.json", typecheck: "tsc -p tsconfig.test.json" },
    dependencies: { ...ours, zod: "catalog:" },
    devDependencies: { "@pagetier/tsconfig": "workspace:^", "fast-check": "catalog:" },
  };
  const readme = `# ${packageName}

${kind.description}

## Install

\`\`\`sh
npm install ${packageName}
\`\`\`

## Use

\`\`\`yaml
${family}: ${name}
\`\`\`

## Behaviour and trade-offs

What it is good at, what it costs, and when to take another one.

## Conformance

\`test/${name}.conformance.test.ts\` runs the kit of \`@pagetier/${family}\`.
`;
  return [
    ["package.json", `${JSON.stringify(manifest, null, 2)}\n`],
    ["tsconfig.json", '{\n  "extends": "@pagetier/tsconfig/library.json"\n}\n'],
    ["tsconfig.test.json", '{\n  "extends": "@pagetier/tsconfig/test.json"\n}\n'],
    ["README.md", readme],
  ];
}

/**
 * @param {string} text
 * @param {string} name
 */
function filled(text, name) {
  const Name = name.replace(/(?:^|-)([a-z0-9])/g, (_, letter) => letter.toUpperCase());
  const camel = Name[0]?.toLowerCase() + Name.slice(1);
  return text.replaceAll("__name__", name).replaceAll("__Name__", Name).replaceAll("__camel__", camel);
}

/**
 * @param {string} folder
 * @returns {Generator<string>}
 */
function* filesIn(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(path);
    else yield path;
  }
}
