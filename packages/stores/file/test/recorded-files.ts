// Writes down what this process does to files in a directory, so that a test can see what a power cut would have left.
//
// A write is on the device for certain when an fdatasync of its file that began after the write had ended has ended.
// Until then the system may have done it, a part of it, or nothing, in whatever order.
import fs from "node:fs";
import os from "node:os";
import { basename, dirname, join } from "node:path";
import type { DeviceRecording, StorePlace, WriteFate } from "@pagetier/store/conformance";

type FileEvent =
  | { readonly what: "write"; readonly name: string; readonly position: number; readonly bytes: Uint8Array }
  | { readonly what: "truncate"; readonly name: string; readonly size: number }
  /** Covers events of the file before `from`. */
  | { readonly what: "sync"; readonly name: string; readonly from: number };

const CALLS = ["openSync", "write", "writev", "writeSync", "ftruncateSync", "fdatasync"] as const;
type Callback = (error: Error | null, ...results: unknown[]) => void;

/**
 * Records files in `directory`, which hold nothing yet.
 *
 * @param placeIn makes a place of stores in a directory that is there
 */
export function recordFiles(directory: string, placeIn: (directory: string) => StorePlace): DeviceRecording {
  const log: FileEvent[] = [];
  const originals = new Map(CALLS.map((name) => [name, Reflect.get(fs, name) as (...args: unknown[]) => unknown]));
  const names = new Map<number, string>();
  const put = (name: (typeof CALLS)[number], call: (...args: unknown[]) => unknown) => Reflect.set(fs, name, call);

  put("openSync", (path, ...rest) => {
    const descriptor = originals.get("openSync")!.call(fs, path, ...rest) as number;
    if (dirname(String(path)) === directory) names.set(descriptor, basename(String(path)));
    return descriptor;
  });
  put("write", (descriptor, buffer, offset, length, position, callback) => {
    const name = names.get(descriptor as number);
    const bytes = (buffer as Uint8Array).slice(offset as number, (offset as number) + (length as number));
    originals.get("write")!.call(fs, descriptor, buffer, offset, length, position, ((error, written) => {
      if (name !== undefined && error === null) {
        log.push({ what: "write", name, position: position as number, bytes: bytes.subarray(0, written as number) });
      }
      (callback as Callback)(error, written);
    }) satisfies Callback);
  });
  put("writev", (descriptor, buffers, position, callback) => {
    const name = names.get(descriptor as number);
    const bytes = new Uint8Array(Buffer.concat(buffers as Uint8Array[]));
    originals.get("writev")!.call(fs, descriptor, buffers, position, ((error, written) => {
      if (name !== undefined && error === null) {
        log.push({ what: "write", name, position: position as number, bytes: bytes.subarray(0, written as number) });
      }
      (callback as Callback)(error, written);
    }) satisfies Callback);
  });
  put("writeSync", (descriptor, buffer, offset, length, position) => {
    const written = originals.get("writeSync")!.call(fs, descriptor, buffer, offset, length, position) as number;
    const name = names.get(descriptor as number);
    const bytes = (buffer as Uint8Array).slice(offset as number, (offset as number) + written);
    if (name !== undefined) log.push({ what: "write", name, position: position as number, bytes });
    return written;
  });
  put("ftruncateSync", (descriptor, size) => {
    originals.get("ftruncateSync")!.call(fs, descriptor, size);
    const name = names.get(descriptor as number);
    if (name !== undefined) log.push({ what: "truncate", name, size: size as number });
  });
  put("fdatasync", (descriptor, callback) => {
    const name = names.get(descriptor as number);
    const from = log.length;
    originals.get("fdatasync")!.call(fs, descriptor, ((error) => {
      if (name !== undefined && error === null) log.push({ what: "sync", name, from });
      (callback as Callback)(error);
    }) satisfies Callback);
  });
  return {
    events: () => log.length,
    stop: () => {
      for (const [name, original] of originals) Reflect.set(fs, name, original);
    },
    cut: (events, fate) => {
      const left = fs.mkdtempSync(join(os.tmpdir(), "pagetier-cut-"));
      replay(log.slice(0, events), fate, left);
      const place = placeIn(left);
      return { ...place, remove: () => fs.rmSync(left, { recursive: true }) };
    },
  };
}

function replay(events: readonly FileEvent[], fate: (event: number) => WriteFate, directory: string): void {
  const safe = new Map<string, number>();
  for (const event of events) if (event.what === "sync") safe.set(event.name, event.from);
  for (const [index, event] of events.entries()) {
    if (event.what === "sync") continue;
    const become = index < (safe.get(event.name) ?? 0) ? "whole" : fate(index);
    if (become === "lost") continue;
    const descriptor = fs.openSync(join(directory, event.name), fs.constants.O_RDWR | fs.constants.O_CREAT);
    if (event.what === "truncate") fs.ftruncateSync(descriptor, event.size);
    else {
      // Devices write sectors of 512 bytes whole; the cut comes in the middle of a page.
      const length = become === "torn" ? Math.floor(event.bytes.length / 1024) * 512 : event.bytes.length;
      fs.writeSync(descriptor, event.bytes, 0, length, event.position);
    }
    fs.closeSync(descriptor);
  }
}
