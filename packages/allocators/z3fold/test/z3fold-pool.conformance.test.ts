import { agreesWithModel, moving, zpoolConformance } from "@pagetier/allocator/conformance";
import { describe, test } from "vitest";
import { Z3foldPool } from "../src/index.js";

zpoolConformance({ describe, test }, (frames) => new Z3foldPool(frames, { cpus: 1 }));

/** Takes turns every few stores instead of every thousand. */
class HurriedPool extends Z3foldPool {
  #calls = 0;

  override malloc(size: number) {
    const handle = super.malloc(size);
    this.useLists(++this.#calls % 3);
    return handle;
  }

  override free(handle: Parameters<Z3foldPool["free"]>[0]): void {
    this.useLists(++this.#calls % 3);
    super.free(handle);
  }
}

describe("with lists per processor", () => {
  moving({ describe, test }, (frames) => new HurriedPool(frames, { cpus: 3 }));
  agreesWithModel({ describe, test }, (frames) => new HurriedPool(frames, { cpus: 3 }));
});
