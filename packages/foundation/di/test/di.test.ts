import { describe, expect, test } from "vitest";
import { inject, injectable, rootContainer } from "../src/index.js";

const PART = Symbol.for("test/Part");

@injectable()
class Whole {
  readonly part: string;
  constructor(@inject(PART) part: string) {
    this.part = part;
  }
}

describe("child containers", () => {
  test("give each node its own part", () => {
    const stack = rootContainer.createChildContainer();
    const first = stack.createChildContainer();
    const second = stack.createChildContainer();
    first.register(PART, { useValue: "zsmalloc" });
    second.register(PART, { useValue: "zbud" });
    expect(first.resolve(Whole).part).toBe("zsmalloc");
    expect(second.resolve(Whole).part).toBe("zbud");
  });

  test("see what their parent shares", () => {
    const stack = rootContainer.createChildContainer();
    stack.register(PART, { useValue: "shared" });
    expect(stack.createChildContainer().resolve(Whole).part).toBe("shared");
  });

  test("refuse a class whose part nobody bound", () => {
    expect(() => rootContainer.createChildContainer().resolve(Whole)).toThrow();
  });
});
