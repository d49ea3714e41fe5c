// One connection: from its first byte to its last it talks to one process, so what is known of the process (its run id)
// holds for every answer. It is never repaired; whoever needs another one makes another one. Commands that were sent and
// not answered when it breaks may have been carried out, and nobody sends them again behind our back.

import { assert } from "@pagetier/base";
import { createClient, ErrorReply, RESP_TYPES } from "@redis/client";
import { redisRefused, redisSilent, SilentTooLong } from "./redis-error.js";
import { parseServerInfo, type ServerInfo } from "./server-info.js";
import { addressText, type RedisAccess, type RedisAddress } from "./settings.js";
import type { Watchdog, Watched } from "./watchdog.js";

/** An argument of a command. */
export type RedisArgument = string | Buffer;
/** Strings arrive as bytes. */
export type RedisReply = Buffer | string | number | null | readonly RedisReply[];

type Client = ReturnType<typeof clientOf>;

export class RedisConnection implements Watched {
  readonly address: string;
  readonly #client: Client;
  readonly #watchdog: Watchdog;
  readonly #timeoutNs: number;
  readonly info: ServerInfo;
  #pending = 0;
  #dueNs = 0;
  #broken: unknown;

  private constructor(address: string, client: Client, info: ServerInfo, watchdog: Watchdog, timeoutNs: number) {
    this.address = address;
    this.#client = client;
    this.info = info;
    this.#watchdog = watchdog;
    this.#timeoutNs = timeoutNs;
    this.#client.on("error", (error: unknown) => {
      this.#broken ??= error;
    });
  }

  /**
   * Connects, says who we are, and asks the engine who it is.
   *
   * @throws TierError REDIS_SILENT (not sent), REDIS_REFUSED
   */
  static async open(address: RedisAddress, access: RedisAccess, watchdog: Watchdog): Promise<RedisConnection> {
    const name = addressText(address);
    const client = clientOf(address, access);
    let late = false;
    client.on("error", () => undefined); // Each command learns of it.
    const deadline: Watched = {
      dueNs: watchdog.now() + access.connectTimeoutNs,
      expire: () => {
        late = true;
        client.destroy();
      },
    };
    watchdog.add(deadline);
    try {
      await client.connect();
      const info = parseServerInfo(String(await client.sendCommand(["INFO"])));
      if (info.runId === "") throw redisRefused(name, "INFO shows no run_id; let the user call INFO");
      return new RedisConnection(name, client, info, watchdog, access.timeoutNs);
    } catch (error) {
      if (client.isOpen) client.destroy();
      if (late) throw redisSilent(name, `no connection within ${access.connectTimeoutNs / 1e6} ms`, false, error);
      if (error instanceof ErrorReply && !isTemporary(error)) {
        throw redisRefused(name, `it refuses us (${error.message}); give username and password that it knows`, error);
      }
      if (!(error instanceof Error)) throw error;
      if (isCertificateError(error)) {
        throw redisRefused(name, `its certificate is not trusted (${error.message}); give tls.ca`, error);
      }
      throw error.name === "TierError" ? error : redisSilent(name, error.message, false, error);
    } finally {
      watchdog.delete(deadline);
    }
  }

  get isAlive(): boolean {
    return this.#client.isReady;
  }

  get dueNs(): number {
    return this.#dueNs;
  }

  /**
   * Sends a command. Commands sent on one connection are carried out in the order of the calls.
   *
   * @throws ErrorReply the engine's answer; TierError REDIS_SILENT
   */
  async send(command: readonly RedisArgument[]): Promise<RedisReply> {
    if (!this.isAlive) throw redisSilent(this.address, "the connection is gone", false, this.#broken);
    this.#begin();
    try {
      return (await this.#client.sendCommand(command as RedisArgument[])) as RedisReply;
    } catch (error) {
      if (error instanceof ErrorReply) throw error;
      const cause = this.#broken ?? error;
      throw redisSilent(this.address, cause instanceof Error ? cause.message : String(cause), true, cause);
    } finally {
      this.#end();
    }
  }

  /** Nothing was answered for too long. */
  expire(): void {
    this.#broken ??= new SilentTooLong(this.#timeoutNs / 1e6);
    this.close();
  }

  /** Ends the connection; what waits for an answer fails. */
  close(): void {
    if (this.#client.isOpen) this.#client.destroy();
  }

  #begin(): void {
    if (this.#pending++ > 0) return;
    this.#dueNs = this.#watchdog.now() + this.#timeoutNs;
    this.#watchdog.add(this);
  }

  /** An answer came: the others have their time again. */
  #end(): void {
    assert(this.#pending > 0, "an answer belongs to a command");
    if (--this.#pending === 0) this.#watchdog.delete(this);
    else this.#dueNs = this.#watchdog.now() + this.#timeoutNs;
  }
}

function clientOf({ host, port }: RedisAddress, access: RedisAccess) {
  const { username, password, tls, database } = access;
  const plain = { host, port, reconnectStrategy: false, connectTimeout: access.connectTimeoutNs / 1e6 } as const;
  return createClient({
    RESP: 2,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(database === 0 ? {} : { database }),
    disableOfflineQueue: true,
    disableClientInfo: true,
    socket: tls === undefined ? plain : { ...plain, ...tls, tls: true },
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  });
}

/** Whether an engine says that it is not ready yet, or not any more; also within a script, where a Cluster has other words for it. */
export function isTemporary(error: unknown): boolean {
  if (!(error instanceof ErrorReply)) return false;
  return /^(LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|ERR max number of clients)|cluster is down|non local key/.test(
    error.message,
  );
}

function isCertificateError(error: Error & { code?: unknown }): boolean {
  return /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|ERR_TLS_)/.test(String(error.code));
}
