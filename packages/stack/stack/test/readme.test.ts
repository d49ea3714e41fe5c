import { readFile, rm, writeFile } from "node:fs/promises";
import { expect, test, vi } from "vitest";

test("the example of the README runs", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const example = /^```js\n([\s\S]*?)^```/m.exec(readme)?.[1] ?? "";
  const file = new URL(`./readme-example-${process.pid}.mjs`, import.meta.url);
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  await writeFile(file, example);
  try {
    await import(/* @vite-ignore */ file.href);
    expect(log).toHaveBeenCalledOnce();
    expect(log.mock.calls[0]).toMatchObject(["hello", { tier: expect.any(String) }, { minor: 4096 }]);
  } finally {
    log.mockRestore();
    await rm(file);
  }
});
