import fs from "node:fs";
import type { FailureScript } from "@pagetier/store/conformance";

const CALLS = ["read", "readv", "write", "writev", "fdatasync"] as const;
type Callback = (error: NodeJS.ErrnoException | null, ...results: unknown[]) => void;

export interface FailingCalls {
  /** Error number, `"EIO"` unless said otherwise. */
  readonly code?: string;
  /** Calls that fail, from the nth on: more than one makes a second attempt fail as well. */
  readonly times?: number;
}

/** Lets the `nth` asynchronous read, write or fdatasync of this process from now fail. */
export function failSystemCall(nth: number, { code = "EIO", times = 1 }: FailingCalls = {}): FailureScript {
  const originals = new Map(CALLS.map((name) => [name, Reflect.get(fs, name)]));
  let calls = 0;
  for (const [name, original] of originals) {
    Reflect.set(fs, name, (...parameters: unknown[]) => {
      calls++;
      if (calls < nth || calls >= nth + times) return Reflect.apply(original, fs, parameters);
      const callback = parameters.at(-1) as Callback;
      setImmediate(() => callback(Object.assign(new Error(`${code}: says the test`), { code }), 0));
    });
  }
  return {
    get fired() {
      return calls >= nth;
    },
    stop: () => {
      for (const [name, original] of originals) Reflect.set(fs, name, original);
    },
  };
}

/** Lets this process write so many times more; then the disk is full, until it is stopped. */
export function fillDisk(writes: number): FailureScript {
  const names = ["write", "writev", "writeSync"] as const;
  const originals = new Map(names.map((name) => [name, Reflect.get(fs, name)]));
  const full = () => Object.assign(new Error("ENOSPC: says the test"), { code: "ENOSPC" });
  let left = writes;
  for (const name of ["write", "writev"] as const) {
    Reflect.set(fs, name, (...parameters: unknown[]) => {
      if (left-- > 0) return Reflect.apply(originals.get(name)!, fs, parameters);
      setImmediate(() => (parameters.at(-1) as Callback)(full(), 0));
    });
  }
  Reflect.set(fs, "writeSync", (...parameters: unknown[]) => {
    if (left-- > 0) return Reflect.apply(originals.get("writeSync")!, fs, parameters);
    throw full();
  });
  return {
    get fired() {
      return left < 0;
    },
    stop: () => {
      for (const [name, original] of originals) Reflect.set(fs, name, original);
    },
  };
}
