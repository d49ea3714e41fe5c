import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realScheduler, TierError } from "@pagetier/base";
import { afterAll, beforeAll, describe, test } from "vitest";
import { z } from "zod";
import { accessOf, EngineList, REDIS_SHAPE } from "../src/index.js";
import { NO_REDIS, RedisServer, redisProgram } from "../src/testing/index.js";

const hasOpenssl = spawnSync("openssl", ["version"], { stdio: "ignore" }).status === 0;
const reason = redisProgram === undefined ? NO_REDIS : hasOpenssl ? redisProgram : "no openssl here: install it";

describe.skipIf(redisProgram === undefined || !hasOpenssl)(`TLS, users and files (${reason})`, () => {
  let folder: string;
  let server: RedisServer | undefined;
  const schema = z.strictObject(REDIS_SHAPE);
  const listOf = async (given: Record<string, unknown>) => {
    const settings = schema.parse({ url: server!.url, ...given });
    return new EngineList(await accessOf(settings, folder), realScheduler, async () => undefined);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "pagetier-tls-"));
    const file = (name: string) => join(folder, name);
    const made = spawnSync("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
      ...["-subj", "/CN=engine.test", "-addext", "subjectAltName=DNS:engine.test,IP:127.0.0.1"],
      ...["-keyout", file("key.pem"), "-out", file("cert.pem")],
    ]);
    assert.equal(made.status, 0, String(made.stderr));
    await writeFile(file("password"), "s3cret\n");
    server = await RedisServer.start([
      ...["--tls-port", "{port}", "--tls-cert-file", file("cert.pem"), "--tls-key-file", file("key.pem")],
      ...["--tls-ca-cert-file", file("cert.pem"), "--tls-auth-clients", "yes"],
      ...["--user", "lodger", "on", ">s3cret", "~pt*", "+@all", "--user", "default", "off"],
    ]);
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const ours = { tls: { ca: "cert.pem", cert: "cert.pem", key: "key.pem" } };

  test("a certificate of ours, a user, and a password from a file: the engine lets us in", async () => {
    const list = await listOf({ ...ours, username: "lodger", passwordFile: "password" });
    await list.open();
    const connection = await list.engines[0]!.connection("write");
    assert.equal(await connection.send(["SET", "pt:1", "x"]), "OK");
    await assert.rejects(connection.send(["SET", "other", "x"]), /NOPERM/);
    list.close();
  });

  test("an authority that we do not know, a user that it does not know: REDIS_REFUSED with the remedy", async () => {
    for (const [given, remedy] of [
      [{ tls: { cert: "cert.pem", key: "key.pem" } }, /give tls.ca/],
      [{ ...ours, username: "nobody", password: "x" }, /give username and password/],
    ] as const) {
      const list = await listOf(given);
      await assert.rejects(list.open(), (error) => TierError.is(error, "REDIS_REFUSED") && remedy.test(error.message));
      list.close();
    }
  });
});
