import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, test } from "vitest";
import { TcpProxy } from "../src/testing/index.js";

describe("a line that a test slows down", () => {
  test("keeps the order of what passes when it becomes faster meanwhile", async () => {
    const received: string[] = [];
    const server = createServer((socket) => socket.on("data", (data) => received.push(String(data))));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    await using line = await TcpProxy.start((server.address() as { port: number }).port);
    const client = connect(line.port, "127.0.0.1").setNoDelay(true);
    await once(client, "connect");
    for (const [index, delayMs] of [200, 200, 20, 0, 0, 50, 0].entries()) {
      line.delay(delayMs);
      client.write(String(index));
      await sleep(10); // Each a piece of its own.
    }
    while (received.join("").length < 7) await sleep(10);
    assert.equal(received.join(""), "0123456");
    client.destroy();
    server.close();
  });
});
