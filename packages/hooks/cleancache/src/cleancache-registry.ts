// The page cache's side of cleancache. File systems mount before backends load, so a mount gets an id of the registry's
// at once and the backend's pool later; a table maps one to the other.
//
// Coherency is the backend's work; the registry keeps away from it what could break it: indexes that do not fit a key,
// pools that were unmounted, and answers of fetches whose key was put or invalidated while they were on their way.
// Mounts of one shared uuid have one pool, which goes with the last of them.
//
// Cost: one array access per call. Without a backend, or without a pool, a call ends here.
//
// See Linux 3.14 mm/cleancache.c.

import { assert, type Counters } from "@pagetier/base";
import { injectable } from "@pagetier/di";
import { type Cleancache, type CleancacheGet, NO_POOL } from "./cleancache.js";
import { type CleancacheHook, INDEX_MAX } from "./cleancache-hook.js";

/** Mounted, and there is no backend yet. */
const WAITING = -2;

/** A mounted file system. Mounts of one uuid share theirs. */
interface Mount {
  /** `undefined` for a private pool. */
  readonly uuid: string | undefined;
  /** The backend's id, {@link NO_POOL} when it gave none, or {@link WAITING}. */
  pool: number;
  /** Registry ids that lead here. */
  ids: number;
}

/** A fetch under way. Turns stale when its key is put or invalidated: its answer is then about the past. */
interface Fetch {
  readonly pool: number;
  readonly file: number;
  readonly index: number;
  stale: boolean;
}

@injectable()
export class CleancacheRegistry implements CleancacheHook {
  #backend: Cleancache | undefined;
  /** By registry id; `undefined` where none is mounted. */
  readonly #mounts: (Mount | undefined)[] = [];
  readonly #shared = new Map<string, Mount>();
  readonly #fetches = new Set<Fetch>();
  #gets = 0;
  #succGets = 0;
  #failedGets = 0;
  #remoteGets = 0;
  #puts = 0;
  #invalidates = 0;

  register(backend: Cleancache): void {
    assert(this.#backend === undefined, "there is one cleancache backend");
    // The backend may mount while it makes pools, so look again until nobody waits; only then is it published.
    for (let mount = this.#waiting(); mount !== undefined; mount = this.#waiting()) initPool(mount, backend);
    this.#backend = backend;
  }

  initFs(): number {
    return this.#mount({ uuid: undefined, pool: WAITING, ids: 0 });
  }

  initSharedFs(uuid: string): number {
    assert(/^[0-9a-fA-F]{32}$/.test(uuid), "a uuid is 32 hex digits");
    const name = uuid.toLowerCase();
    let mount = this.#shared.get(name);
    if (mount === undefined) {
      mount = { uuid: name, pool: WAITING, ids: 0 };
      this.#shared.set(name, mount);
    }
    return this.#mount(mount);
  }

  putPage(pool: number, file: number, index: number, page: Uint8Array, wasActive: boolean): void {
    const mount = this.#mountOf(pool);
    if (mount.pool === NO_POOL) return;
    this.#puts++;
    if (this.#backend === undefined || index > INDEX_MAX) return;
    if (this.#fetches.size !== 0) this.#staleFetches(mount.pool, file, index);
    this.#backend.putPage(mount.pool, file, index, page, wasActive);
  }

  getPage(pool: number, file: number, index: number, into: Uint8Array): CleancacheGet {
    const mount = this.#mountOf(pool);
    if (mount.pool === NO_POOL) return "miss";
    this.#gets++;
    const outcome =
      this.#backend === undefined || index > INDEX_MAX ? "miss" : this.#backend.getPage(mount.pool, file, index, into);
    if (outcome === "hit") this.#succGets++;
    else if (outcome === "miss") this.#failedGets++;
    else this.#remoteGets++;
    return outcome;
  }

  async fetch(pool: number, file: number, index: number, into: Uint8Array): Promise<Exclude<CleancacheGet, "remote">> {
    const mount = this.#mountOf(pool);
    if (this.#backend === undefined || mount.pool === NO_POOL || index > INDEX_MAX) return "miss";
    const fetch: Fetch = { pool: mount.pool, file, index, stale: false };
    this.#fetches.add(fetch);
    this.#gets++;
    let hit = false;
    try {
      hit = (await this.#backend.fetch(mount.pool, file, index, into)) === "hit" && !fetch.stale;
      return hit ? "hit" : "miss";
    } finally {
      this.#fetches.delete(fetch);
      if (hit) this.#succGets++;
      else this.#failedGets++;
    }
  }

  invalidatePage(pool: number, file: number, index: number): void {
    const mount = this.#mountOf(pool);
    if (this.#backend === undefined || mount.pool === NO_POOL || index > INDEX_MAX) return;
    this.#invalidates++;
    if (this.#fetches.size !== 0) this.#staleFetches(mount.pool, file, index);
    this.#backend.invalidatePage(mount.pool, file, index);
  }

  invalidateInode(pool: number, file: number): void {
    const mount = this.#mountOf(pool);
    if (this.#backend === undefined || mount.pool === NO_POOL) return;
    this.#invalidates++;
    for (const fetch of this.#fetches) if (fetch.pool === mount.pool && fetch.file === file) fetch.stale = true;
    this.#backend.invalidateInode(mount.pool, file);
  }

  invalidateFs(pool: number): void {
    const mount = this.#mountOf(pool);
    this.#mounts[pool] = undefined;
    mount.ids--;
    if (mount.ids > 0) return; // Others have the shared pool mounted.
    if (mount.uuid !== undefined) this.#shared.delete(mount.uuid);
    if (this.#backend === undefined || mount.pool === NO_POOL) return;
    for (const fetch of this.#fetches) if (fetch.pool === mount.pool) fetch.stale = true;
    this.#backend.invalidateFs(mount.pool);
  }

  get backend(): Cleancache | undefined {
    return this.#backend;
  }

  counters(): Counters {
    return {
      mountedFs: this.#mounts.filter((mount) => mount !== undefined).length,
      gets: this.#gets,
      succGets: this.#succGets,
      failedGets: this.#failedGets,
      remoteGets: this.#remoteGets,
      puts: this.#puts,
      invalidates: this.#invalidates,
    };
  }

  verify(): void {
    assert(
      this.#gets === this.#succGets + this.#failedGets + this.#remoteGets + this.#fetches.size,
      "each get hit, missed, is remote or is under way",
    );
    const ids = new Map<Mount, number>();
    for (const mount of this.#mounts) if (mount !== undefined) ids.set(mount, (ids.get(mount) ?? 0) + 1);
    const pools = new Set<number>();
    for (const [mount, count] of ids) {
      assert(count === mount.ids, "a mount counts the ids that lead to it");
      assert(mount.uuid === undefined ? count === 1 : this.#shared.get(mount.uuid) === mount, "only a uuid is shared");
      assert((mount.pool === WAITING) === (this.#backend === undefined), "who waits, waits for a backend");
      if (mount.pool < 0) continue;
      assert(!pools.has(mount.pool), "two file systems never have one pool");
      pools.add(mount.pool);
    }
  }

  async close(): Promise<void> {
    await this.#backend?.close();
  }

  #mount(mount: Mount): number {
    const free = this.#mounts.indexOf(undefined);
    const id = free >= 0 ? free : this.#mounts.length;
    this.#mounts[id] = mount;
    mount.ids++;
    if (mount.pool === WAITING && this.#backend !== undefined) initPool(mount, this.#backend);
    return id;
  }

  #mountOf(pool: number): Mount {
    const mount = this.#mounts[pool];
    assert(mount !== undefined, "the file system is mounted");
    return mount;
  }

  #waiting(): Mount | undefined {
    return this.#mounts.find((mount) => mount?.pool === WAITING);
  }

  #staleFetches(pool: number, file: number, index: number): void {
    for (const fetch of this.#fetches) {
      if (fetch.pool === pool && fetch.file === file && fetch.index === index) fetch.stale = true;
    }
  }
}

/** Asks the backend for the file system's pool. */
function initPool(mount: Mount, backend: Cleancache): void {
  mount.pool = mount.uuid === undefined ? backend.initFs() : backend.initSharedFs(mount.uuid);
}
