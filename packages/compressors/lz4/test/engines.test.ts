import { TierError } from "@pagetier/base";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  createLz4Compressor,
  hasLz4Wasm,
  LZ4_OPTIONS,
  Lz4PlainCompressor,
  Lz4WasmCompressor,
  lz4,
  plugin,
} from "../src/index.js";

afterEach(() => vi.unstubAllGlobals());

describe("the engine", () => {
  test("is WebAssembly where it loads", () => {
    expect(hasLz4Wasm()).toBe(true);
    expect(createLz4Compressor()).toBeInstanceOf(Lz4WasmCompressor);
    expect(createLz4Compressor({ engine: "wasm" })).toBeInstanceOf(Lz4WasmCompressor);
  });

  test("is plain JavaScript when asked for", () => {
    expect(createLz4Compressor({ engine: "js" })).toBeInstanceOf(Lz4PlainCompressor);
  });

  test("is plain JavaScript where there is no WebAssembly", () => {
    vi.stubGlobal("WebAssembly", undefined);
    expect(hasLz4Wasm()).toBe(false);
    expect(createLz4Compressor()).toBeInstanceOf(Lz4PlainCompressor);
  });

  test("is plain JavaScript where WebAssembly refuses the module", async () => {
    class Module {
      constructor() {
        throw new Error("SIMD unsupported");
      }
    }
    vi.stubGlobal("WebAssembly", { Module });
    vi.resetModules(); // The module is compiled once per process; here it must be tried again.
    const fresh = await import("../src/index.js");
    expect(fresh.hasLz4Wasm()).toBe(false);
    expect(fresh.createLz4Compressor()).toBeInstanceOf(fresh.Lz4PlainCompressor);
    expect(() => fresh.createLz4Compressor({ engine: "wasm" })).toThrow(/SIMD unsupported.*use engine "auto" or "js"/);
  });

  test("says so when WebAssembly is asked for and not there", () => {
    vi.stubGlobal("WebAssembly", undefined);
    expect(() => createLz4Compressor({ engine: "wasm" })).toThrow(
      expect.toSatisfy((error: unknown) => TierError.is(error, "COMPRESSOR_UNAVAILABLE")),
    );
  });

  test("holds what it says: one WebAssembly page, or its buffers and table", () => {
    expect(new Lz4WasmCompressor().memoryBytes()).toBe(65536);
    expect(new Lz4WasmCompressor().input.buffer.byteLength).toBe(65536);
    expect(new Lz4PlainCompressor().memoryBytes()).toBeLessThan(32768);
  });
});

describe("the plugin", () => {
  test("completes and checks its options", () => {
    expect(LZ4_OPTIONS.parse({})).toEqual({ engine: "auto" });
    expect(LZ4_OPTIONS.safeParse({ engine: "asm" }).success).toBe(false);
    expect(LZ4_OPTIONS.safeParse({ level: 1 }).success).toBe(false);
  });

  test("makes what its recipe node names", () => {
    expect(lz4({ engine: "js" })).toEqual({ use: plugin.name, engine: "js" });
    expect(plugin.create({}, { engine: "js" }).type).toBe(plugin.name);
  });
});
