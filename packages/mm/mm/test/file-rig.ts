// A stack with one file, and a cleancache backend that writes down what it is asked.

import { PAGE_SIZE } from "@pagetier/base";
import { type CleancacheGet, CleancacheRegistry } from "@pagetier/cleancache";
import { ReferenceCleancache } from "@pagetier/cleancache/conformance";
import type { FileSpace } from "../src/index.js";
import { pageOf, type Rig, type RigOptions, rig } from "./rig.js";
import { ScriptedStore } from "./scripted-store.js";

/** Writes down every call, as `put 3`, `put 3 active`, `get 3 hit`, `invalidate 3`, `invalidate all`, `unmount`. */
export class LoggedCleancache extends ReferenceCleancache {
  log: string[] = [];

  override putPage(pool: number, file: number, index: number, page: Uint8Array, wasActive: boolean): void {
    this.log.push(`put ${index}${wasActive ? " active" : ""}`);
    super.putPage(pool, file, index, page, wasActive);
  }

  override getPage(pool: number, file: number, index: number, into: Uint8Array): CleancacheGet {
    const outcome = super.getPage(pool, file, index, into);
    this.log.push(`get ${index} ${outcome}`);
    return outcome;
  }

  override invalidatePage(pool: number, file: number, index: number): void {
    this.log.push(`invalidate ${index}`);
    super.invalidatePage(pool, file, index);
  }

  override invalidateInode(pool: number, file: number): void {
    this.log.push("invalidate all");
    super.invalidateInode(pool, file);
  }

  override invalidateFs(pool: number): void {
    this.log.push("unmount");
    super.invalidateFs(pool);
  }

  /** What was logged since the last time. */
  take(): string[] {
    const { log } = this;
    this.log = [];
    return log;
  }
}

export interface FileRig extends Rig {
  readonly store: ScriptedStore;
  readonly backend: LoggedCleancache;
  readonly file: FileSpace;
}

export interface FileRigOptions extends RigOptions {
  /** Pages of the file; default 300: more than fit. */
  readonly pages?: number;
  /** Pages that cleancache keeps; default 64. */
  readonly cleancachePages?: number;
  readonly remote?: boolean;
  readonly activeOnly?: boolean;
}

/** Fills an open store with {@link pageOf} of the page's number. */
async function fill(store: ScriptedStore, pages: number): Promise<void> {
  const numbers = Array.from({ length: pages }, (_, index) => index);
  await store.writePages(
    numbers,
    numbers.map((number) => pageOf(number)),
  );
  store.slotsWritten.length = 0;
  store.operations = 0;
}

/** A stack of 1 MiB without frontswap backend, and a file on a filled scripted store. */
export async function fileRig(options: FileRigOptions = {}): Promise<FileRig> {
  const { pages = 300, cleancachePages = 64, remote = false, activeOnly = false, ...rest } = options;
  const backend = new LoggedCleancache({ pagesMax: cleancachePages, remote, activeOnly });
  const registry = new CleancacheRegistry();
  registry.register(backend);
  const parts = await rig({ zswap: null, cleancache: registry, ...rest });
  const store = new ScriptedStore({ isFile: true });
  const file = await parts.mm.openFile(store, { name: "data", size: pages * PAGE_SIZE });
  await fill(store, pages);
  return { ...parts, store, backend, file };
}

/** One page of a file, read whole. */
export async function pageIn(file: FileSpace, page: number): Promise<Uint8Array> {
  const into = new Uint8Array(PAGE_SIZE);
  await file.read(page, 0, into);
  return into;
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** So many turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let at = 0; at < count; at++) await turn();
}
