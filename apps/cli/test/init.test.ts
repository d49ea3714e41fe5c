import { mkdir, readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUNDLED_PAGES, BUNDLED_TRACE, Workplace } from "./command.js";

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.make();
});
afterAll(() => place.remove());

test("init writes a recipe that runs, does not replace one, and does with --force", async () => {
  const written = await place.run(["init"]);
  expect(written).toMatchObject({ status: 0, stdout: "" });
  expect(written.stderr).toContain("Wrote ./pagetier.yaml. Next: pagetier run ./pagetier.yaml");
  const text = await readFile(place.path("pagetier.yaml"), "utf8");
  expect(text).toContain("use: zswap");
  for (const key of ["cleancache", "engine", "trigger", "poolSizing", "swapSlots", "background"]) {
    expect(text).toMatch(new RegExp(`^# +${key}:|^# ${key}:`, "m"));
  }
  const ran = await place.run([
    ...["run", "./pagetier.yaml", "--trace", BUNDLED_TRACE, "--pages", BUNDLED_PAGES, "--limit", "2000", "--json"],
  ]);
  expect(ran.status).toBe(0);

  const again = await place.run(["init", "--preset", "none"]);
  expect(again.status).toBe(2);
  expect(again.stderr).toContain("pagetier.yaml is there already; name another file, or replace it with --force");
  expect(await readFile(place.path("pagetier.yaml"), "utf8")).toBe(text);
  expect((await place.run(["init", "--preset", "none", "--force"])).status).toBe(0);
  expect(await readFile(place.path("pagetier.yaml"), "utf8")).not.toContain("use: zswap\n  allocator");
});

test("what cannot be a recipe is refused", async () => {
  const name = await place.run(["init", "recipe.txt"]);
  expect(name).toMatchObject({
    status: 2,
    stderr: "pagetier: The recipe's file is recipe.txt; write a name that ends in .yaml.\n",
  });
  const preset = await place.run(["init", "x.yaml", "--preset", "zwap"]);
  expect(preset.status).toBe(2);
  expect(preset.stderr).toContain("There is no preset zwap; did you mean zswap?");
});

test("plugins NAME lists its options with type, default and range", async () => {
  const { status, stdout } = await place.run(["plugins", "zsmalloc", "--json"]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout).plugins[0].options).toEqual([
    { name: "chainPages", type: "whole number", default: "8", range: "1 to 16" },
    { name: "classes", type: "name", default: "kernel-6.18", range: "kernel-6.18, kernel-6.1" },
  ]);
  const backend = await place.run(["plugins", "zswap"]);
  expect(backend.stdout).toMatch(/allocator .* plugin .* zsmalloc .* of the family allocator/);
  expect(backend.stdout).toMatch(/maxPoolPercent .* number .* 1 to 100/);
  const unknown = await place.run(["plugins", "zsmaloc"]);
  expect(unknown.status).toBe(2);
  expect(unknown.stderr).toContain("There is no plugin zsmaloc; did you mean zsmalloc?");
});

test("a stack without a store says what may happen, before it does", async () => {
  await mkdir(place.path("r"), { recursive: true });
  await writeFile(place.path("r/bare.yaml"), "memory: 4MiB\n");
  const inputs = ["--trace", BUNDLED_TRACE, "--pages", BUNDLED_PAGES, "--limit", "30000"];
  const { status, stderr } = await place.run(["run", "./r/bare.yaml", ...inputs]);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^bare has no swap store: .* of data must fit 4 MiB of memory/);
});
