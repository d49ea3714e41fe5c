import { TierError } from "@pagetier/base";
import { expect, test } from "vitest";
import { compressorCorrupt } from "../src/index.js";

test("the error for corrupt bytes names the codec, the reason and the length, and carries its code", () => {
  const cause = new Error("bad distance");
  const error = compressorCorrupt("deflate", "they are no whole stream", 77, cause);
  expect(TierError.is(error, "COMPRESSOR_CORRUPT")).toBe(true);
  expect(error.message).toBe("deflate: 77 stored bytes cannot be decompressed: they are no whole stream.");
  expect(error.context).toEqual({ type: "deflate", length: 77 });
  expect(error.cause).toBe(cause);
});
