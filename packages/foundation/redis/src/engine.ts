import { RedisConnection } from "./connection.js";
import { redisSilent } from "./redis-error.js";
import { addressText, type RedisAccess, type RedisAddress } from "./settings.js";
import type { Watchdog } from "./watchdog.js";

/**
 * What a connection is for. Reads do not wait behind writes: a `WAIT` holds up everything that comes after it on its
 * connection.
 */
export type RedisPurpose = "read" | "write";

/** Readies a connection (loads scripts, checks the engine) before anybody uses it. @throws TierError REDIS_… */
export type RedisPreparation = (connection: RedisConnection) => Promise<void>;

/** One engine by its address. At most one live connection for each purpose, made when it is needed. */
export class RedisEngine {
  readonly address: string;
  readonly #at: RedisAddress;
  readonly #access: RedisAccess;
  readonly #watchdog: Watchdog;
  readonly #prepare: RedisPreparation;
  readonly #open = new Map<RedisPurpose, RedisConnection>();
  readonly #opening = new Map<RedisPurpose, Promise<RedisConnection>>();
  #closed = false;
  #connects = 0;

  constructor(at: RedisAddress, access: RedisAccess, watchdog: Watchdog, prepare: RedisPreparation) {
    this.address = addressText(at);
    this.#at = at;
    this.#access = access;
    this.#watchdog = watchdog;
    this.#prepare = prepare;
  }

  /** Connections made so far. */
  get connects(): number {
    return this.#connects;
  }

  /** The live connection, made if there is none; those who ask meanwhile share the attempt. @throws TierError REDIS_SILENT (not sent), REDIS_REFUSED */
  async connection(purpose: RedisPurpose): Promise<RedisConnection> {
    const open = this.#open.get(purpose);
    if (open?.isAlive === true) return open;
    if (this.#closed) throw redisSilent(this.address, "we closed it", false);
    let opening = this.#opening.get(purpose);
    if (opening === undefined) {
      opening = this.#connect(purpose).finally(() => this.#opening.delete(purpose));
      this.#opening.set(purpose, opening);
    }
    return opening;
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#open.values()) connection.close();
    this.#open.clear();
  }

  async #connect(purpose: RedisPurpose): Promise<RedisConnection> {
    const connection = await RedisConnection.open(this.#at, this.#access, this.#watchdog);
    try {
      await this.#prepare(connection);
    } catch (error) {
      connection.close();
      throw error;
    }
    if (this.#closed) {
      connection.close();
      throw redisSilent(this.address, "we closed it", false);
    }
    this.#connects++;
    this.#open.set(purpose, connection);
    return connection;
  }
}
