// What a recipe says of an engine: where it is, who we are there, and how long we wait for it.

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { TierError } from "@pagetier/base";
import { z } from "zod";

export interface RedisTls {
  /** Files in PEM, relative to the recipe's folder: who signed the engine's certificate, and our own certificate with its key. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Name in the engine's certificate, when it is not the host of the URL. */
  readonly servername?: string | undefined;
}

export interface RedisSettings {
  /** `redis://host:port`, or `rediss://…` for TLS; user, password and database may stand in it. Several: a list. */
  readonly url: string | readonly string[];
  /** Whether the engine is a Redis Cluster; the URLs are nodes to ask for the others. */
  readonly cluster: boolean;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** File that holds the password, relative to the recipe's folder: keeps it out of recipes. */
  readonly passwordFile?: string | undefined;
  readonly tls?: RedisTls | undefined;
  /** Milliseconds without any answer after which a connection counts as broken. */
  readonly timeoutMs: number;
  /** Milliseconds within which a connection must stand. */
  readonly connectTimeoutMs: number;
}

const URL_DEFAULT = "redis://127.0.0.1:6379";

const url = z.string().refine((text) => isRedisUrl(text), { error: "write redis://host:port, or rediss:// for TLS" });
const text = z.string().min(1).optional();

/** The options of every plugin that talks to Redis, for its `z.strictObject`. */
export const REDIS_SHAPE = {
  url: z.union([url, z.array(url).min(1).max(64)]).default(URL_DEFAULT),
  cluster: z.boolean().default(false),
  username: text,
  password: text,
  passwordFile: text,
  tls: z.strictObject({ ca: text, cert: text, key: text, servername: text }).optional(),
  timeoutMs: z.number().min(10).max(600_000).default(2000),
  connectTimeoutMs: z.number().min(10).max(600_000).default(1000),
};

/** What the options mean once files are read: everything that a connection needs. */
export interface RedisAccess {
  readonly addresses: readonly RedisAddress[];
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly database: number;
  readonly tls?: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer; readonly servername?: string };
  readonly timeoutNs: number;
  readonly connectTimeoutNs: number;
}

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

export function addressText({ host, port }: RedisAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Reads the files that the settings name.
 *
 * @param directory folder against which paths resolve
 * @throws TierError REDIS_SETTINGS naming the file, or the setting that contradicts another
 */
export async function accessOf(settings: RedisSettings, directory: string): Promise<RedisAccess> {
  const urls = [settings.url].flat().map((each) => new URL(each));
  const first = urls[0]!;
  const secure = urls.some(({ protocol }) => protocol === "rediss:") || settings.tls !== undefined;
  const { password, passwordFile } = settings;
  if (password !== undefined && passwordFile !== undefined) {
    throw settingsError("password and passwordFile are both given; leave one of them out");
  }
  const database = first.pathname.length > 1 ? Number(first.pathname.slice(1)) : 0;
  if (settings.cluster && database !== 0) throw settingsError("a Cluster has database 0 only; leave it out of the url");
  const fromFile = passwordFile && (await readText(passwordFile, "passwordFile", directory)).toString().trim();
  const own = password ?? fromFile ?? (first.password === "" ? undefined : decodeURIComponent(first.password));
  const user = settings.username ?? (first.username === "" ? undefined : decodeURIComponent(first.username));
  return {
    addresses: urls.map(({ hostname, port }) => ({
      host: hostname.replace(/^\[|\]$/g, ""),
      port: port === "" ? 6379 : Number(port),
    })),
    ...(user === undefined ? {} : { username: user }),
    ...(own === undefined ? {} : { password: own }),
    database,
    ...(secure ? { tls: await tlsOf(settings.tls ?? {}, directory) } : {}),
    timeoutNs: settings.timeoutMs * 1e6,
    connectTimeoutNs: settings.connectTimeoutMs * 1e6,
  };
}

async function tlsOf(tls: RedisTls, directory: string): Promise<NonNullable<RedisAccess["tls"]>> {
  const { ca, cert, key, servername } = tls;
  return {
    ...(ca === undefined ? {} : { ca: await readText(ca, "tls.ca", directory) }),
    ...(cert === undefined ? {} : { cert: await readText(cert, "tls.cert", directory) }),
    ...(key === undefined ? {} : { key: await readText(key, "tls.key", directory) }),
    ...(servername === undefined ? {} : { servername }),
  };
}

async function readText(path: string, option: string, directory: string): Promise<Buffer> {
  const file = resolve(directory, path);
  try {
    return await readFile(file);
  } catch (error) {
    throw settingsError(`${option} names ${file}, which cannot be read; give a file that is there`, error);
  }
}

function settingsError(reason: string, cause?: unknown): TierError {
  return new TierError("REDIS_SETTINGS", `Redis settings: ${reason}.`, {}, { cause });
}

function isRedisUrl(candidate: string): boolean {
  if (!URL.canParse(candidate)) return false;
  const { protocol, hostname, pathname, port } = new URL(candidate);
  return /^rediss?:$/.test(protocol) && hostname !== "" && port !== "0" && /^\/?$|^\/\d{1,4}$/.test(pathname);
}
