// How short of memory this machine is, as Linux tells in files. Whoever reads them for us is given, so that nothing here depends on
// the machine that it runs on; a file that is not there makes a source less, and no error.
//
// Available is the least of MemAvailable and of what is left up to each limit of our cgroup and those around it (page cache that is not
// in use counts as free). Stalls are the share of time since the look before in which some task waited for memory (PSI), here or in our
// cgroup, whichever is higher.
//
// See Linux Documentation/accounting/psi.rst, admin-guide/cgroup-v2.rst.

/** What one look at the machine tells. */
export interface MemoryLook {
  /** Bytes that could be taken without swapping; `undefined`: nothing tells. */
  readonly availableBytes: number | undefined;
  /** Share of time, 0..1, in which something waited for memory; `undefined`: nothing tells, or this is the first look. */
  readonly stallShare: number | undefined;
}

export interface MachineMemory {
  /** All memory there is, or that we may use; `undefined`: nothing tells. */
  totalBytes(): number | undefined;
  /** @param nowNs time of a clock that never goes back */
  look(nowNs: number): MemoryLook;
}

/** Reads a small text file; `undefined`: it is not there, or cannot be read. */
export type ReadText = (path: string) => string | undefined;

export class LinuxMemory implements MachineMemory {
  readonly #read: ReadText;
  readonly #proc: string;
  /** Folders of our cgroup (version 2) and those around it, the innermost first. */
  readonly #cgroups: readonly string[];
  readonly #stalls = new Map<string, { readonly totalUs: number; readonly ns: number }>();

  /** @param proc where the proc file system is; a container may have its machine's elsewhere */
  constructor(read: ReadText, proc = "/proc") {
    this.#read = read;
    this.#proc = proc;
    this.#cgroups = cgroupFolders(read, proc);
  }

  totalBytes(): number | undefined {
    const totals = [this.#meminfo("MemTotal"), ...this.#cgroups.map((folder) => this.#limitOf(folder))];
    return least(totals);
  }

  look(nowNs: number): MemoryLook {
    const left = this.#cgroups.map((folder) => this.#leftIn(folder));
    const innermost = this.#cgroups[0];
    const stalls = [this.#stallOf(`${this.#proc}/pressure/memory`, nowNs)];
    if (innermost !== undefined) stalls.push(this.#stallOf(`${innermost}/memory.pressure`, nowNs));
    const known = stalls.filter((share) => share !== undefined);
    return {
      availableBytes: least([this.#meminfo("MemAvailable"), ...left]),
      stallShare: known.length === 0 ? undefined : Math.max(...known),
    };
  }

  #meminfo(field: string): number | undefined {
    const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(this.#read(`${this.#proc}/meminfo`) ?? "")?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  }

  #limitOf(folder: string): number | undefined {
    return least(["memory.max", "memory.high"].map((file) => numberIn(this.#read(`${folder}/${file}`))));
  }

  #leftIn(folder: string): number | undefined {
    const limit = this.#limitOf(folder);
    const current = numberIn(this.#read(`${folder}/memory.current`));
    if (limit === undefined || current === undefined) return undefined;
    const stat = this.#read(`${folder}/memory.stat`) ?? "";
    const idleFiles = Number(/^inactive_file (\d+)$/m.exec(stat)?.[1] ?? 0);
    return Math.max(0, limit - current + idleFiles);
  }

  /** The share of time since the last look in which `some` waited. */
  #stallOf(path: string, nowNs: number): number | undefined {
    const total = /^some .*total=(\d+)$/m.exec(this.#read(path) ?? "")?.[1];
    if (total === undefined) {
      this.#stalls.delete(path);
      return undefined;
    }
    const before = this.#stalls.get(path);
    this.#stalls.set(path, { totalUs: Number(total), ns: nowNs });
    if (before === undefined || nowNs <= before.ns) return undefined;
    const share = ((Number(total) - before.totalUs) * 1000) / (nowNs - before.ns);
    return Math.min(1, Math.max(0, share));
  }
}

/** Where the mount table and our cgroup's name say that its folders are. */
function cgroupFolders(read: ReadText, proc: string): string[] {
  const path = /^0::(\/.*)$/m.exec(read(`${proc}/self/cgroup`) ?? "")?.[1];
  const mount = /^\d+ \d+ \S+ (\S+) (\S+) \S+(?: \S+)* - cgroup2 /m.exec(read(`${proc}/self/mountinfo`) ?? "");
  if (path === undefined || mount === null) return [];
  const [, root = "/", place = ""] = mount;
  const inside = root !== "/" && path.startsWith(root) ? path.slice(root.length) : path;
  const names = inside.split("/").filter((name) => name !== "" && name !== "..");
  return Array.from({ length: names.length + 1 }, (_, left) =>
    [place, ...names.slice(0, names.length - left)].join("/"),
  );
}

/** `max` is no limit. */
function numberIn(text: string | undefined): number | undefined {
  const digits = /^\d+$/.exec(text?.trim() ?? "")?.[0];
  return digits === undefined ? undefined : Number(digits);
}

function least(candidates: readonly (number | undefined)[]): number | undefined {
  const known = candidates.filter((candidate) => candidate !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
