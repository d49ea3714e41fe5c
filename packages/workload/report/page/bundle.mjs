// Makes what every report contains: one script, with the chart library in it, and one style sheet. Part of the build.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const here = new URL(".", import.meta.url);
const target = new URL("../dist/page/", import.meta.url);
const require = createRequire(import.meta.url);

/** @type {Set<string>} folders of the packages that went in */
const bundled = new Set();

await build({
  configFile: false,
  logLevel: "warn",
  root: fileURLToPath(here),
  define: { "process.env.NODE_ENV": '"production"' },
  build: {
    target: "es2022",
    outDir: fileURLToPath(target),
    emptyOutDir: true,
    minify: true,
    lib: { entry: "main.ts", formats: ["iife"], name: "pagetier", fileName: () => "page.js" },
  },
  plugins: [
    {
      name: "bundled-packages",
      generateBundle(_, output) {
        for (const chunk of Object.values(output)) {
          if (chunk.type !== "chunk") continue;
          for (const id of Object.keys(chunk.modules)) {
            const folder = /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+/.exec(id)?.[0];
            if (folder !== undefined) bundled.add(folder);
          }
        }
      },
    },
  ],
});

const script = new URL("page.js", target);
// Inside a page a script ends at the first closing tag, wherever that stands.
const code = readFileSync(script, "utf8").trim().replaceAll("</script", "<\\/script");
writeFileSync(script, `/*\n${notices()}\n*/\n${code}\n`);
writeFileSync(new URL("page.css", target), readFileSync(new URL("page.css", here), "utf8"));

/** Licences of what is inside, as they ask for: packages with the same text share it. */
function notices() {
  /** @type {Map<string, string[]>} */
  const byText = new Map();
  for (const folder of [...bundled].sort()) {
    const { name, version } = require(`${folder}/package.json`);
    const text = licenceOf(folder);
    byText.set(text, [...(byText.get(text) ?? []), `${name} ${version}`]);
  }
  return [...byText].map(([text, names]) => `${names.join(", ")}\n\n${text}`).join("\n\n");
}

/** @param {string} folder */
function licenceOf(folder) {
  for (const name of ["LICENSE", "LICENSE.md", "LICENSE.txt", "license"]) {
    try {
      return readFileSync(`${folder}/${name}`, "utf8").trim().replaceAll("*/", "* /");
    } catch {
      // It has another name, or none.
    }
  }
  const { license } = require(`${folder}/package.json`);
  return `Licence: ${license}`;
}
