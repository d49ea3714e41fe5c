import type { TestRunner } from "@pagetier/base/testing";
import { cleanCopies } from "./clean-copies.js";
import { closing } from "./closing.js";
import { invalidate } from "./invalidate.js";
import { losses } from "./losses.js";
import { agreesWithModel } from "./model.js";
import { refusal } from "./refusal.js";
import { remotePages } from "./remote-pages.js";
import { storeAndLoad } from "./store-and-load.js";
import type { FrontswapFactory } from "./subject.js";
import { writeBack } from "./write-back.js";

/** Everything a frontswap backend must do. Each group is also exported alone. */
export function frontswapConformance(runner: TestRunner, factory: FrontswapFactory): void {
  runner.describe("frontswap backend", () => {
    for (const group of [
      storeAndLoad,
      refusal,
      invalidate,
      cleanCopies,
      losses,
      remotePages,
      writeBack,
      closing,
      agreesWithModel,
    ]) {
      group(runner, factory);
    }
  });
}
