// RAMster on real engines, one or several: thousands of pages away, an engine that is killed, stands still, is cut off, comes back
// with an older state, is full or slow, while pages are put and while they are got; then every page is read.

import { RedisServer, TcpProxy } from "../../packages/foundation/redis/dist/testing/index.js";
import { needRedis, PAGES, scenario, sleep } from "./support/ramster.mjs";
import { finish } from "./support/replays.mjs";

needRedis();
const started = performance.now();
const LENDER = ["--maxmemory-policy", "volatile-lru"];
/** What a process wrote is in the system's hands, and outlives it. */
const KEPT = ["--appendonly", "yes", "--appendfsync", "no"];

/** Starts engines for one scenario, and ends them. */
async function withEngines(count, config, use) {
  const servers = await Promise.all(Array.from({ length: count }, () => RedisServer.start([...LENDER, ...config])));
  try {
    await use(...servers);
  } finally {
    for (const server of servers) await server[Symbol.asyncDispose]();
  }
}

/** Starts an engine behind a line that the scenario can cut and slow down. */
async function withLine(use) {
  await withEngines(1, [], async (server) => {
    const line = await TcpProxy.start(server.port);
    try {
      await use(line);
    } finally {
      await line[Symbol.asyncDispose]();
    }
  });
}

async function standStill(server, milliseconds) {
  server.stop();
  await sleep(milliseconds);
  server.resume();
}

/** Comes back with nothing, or with what is on its disk. */
const restart = (server) => (bed) => {
  bed.noteStake();
  return server.restart();
};

/** Some pages are lost, and none that was not there. */
const upToStake = ({ atStake }) => [1, atStake];

await withEngines(1, [], (server) => scenario("one engine", { remote: { url: server.url } }));

await withEngines(1, [], (server) =>
  scenario("killed during put, comes back empty", {
    remote: { url: server.url },
    during: { put: restart(server) },
    mayLose: upToStake,
  }),
);

await withEngines(1, [], (server) =>
  scenario("killed during get, comes back empty", {
    remote: { url: server.url },
    during: { get: restart(server) },
    mayLose: upToStake,
  }),
);

await withEngines(1, KEPT, (server) =>
  scenario("killed during put and during get, keeps its pages on disk", {
    remote: { url: server.url },
    during: { put: restart(server), get: restart(server) },
  }),
);

await withEngines(1, [], (server) =>
  scenario("stands still for 1.5 s during put and during get", {
    remote: { url: server.url },
    during: { put: () => standStill(server, 1500), get: () => standStill(server, 1500) },
  }),
);

await withEngines(1, [], (server) =>
  scenario("stands still for longer than a fault waits: told, and there afterwards", {
    remote: { url: server.url },
    options: { fetchTimeoutMs: 300 },
    during: { get: () => standStill(server, 1500) },
    afterwards: (_bed, first) => (first.lost.length === 0 ? ["no access was told that its page cannot be had"] : []),
  }),
);

await withLine(async (line) => {
  const flicker = async () => {
    for (let times = 0; times < 10; times++) {
      line.cut();
      await sleep(60);
      line.cut(false);
      await sleep(60);
    }
  };
  await scenario("its connections drop ten times during put and during get", {
    remote: { url: line.url },
    during: { put: flicker, get: flicker },
  });
});

await withLine(async (line) => {
  const slow = async () => line.delay(20);
  await scenario("slow: every answer takes 40 ms longer, during put and during get", {
    remote: { url: line.url },
    during: {
      put: slow,
      between: async () => line.delay(0),
      get: async () => {
        line.delay(20);
        await sleep(3000);
        line.delay(0);
      },
    },
  });
});

await withEngines(1, ["--maxmemory", "8mb", "--maxmemory-policy", "noeviction"], (server) =>
  scenario("full (noeviction) before all pages are there, and more so during get", {
    remote: { url: server.url },
    awayMin: 1000,
    during: { get: () => server.command("CONFIG", "SET", "maxmemory", "1") },
    afterwards: (bed) => (bed.stack.stats().counters["frontswap.remote"].fullPuts > 0 ? [] : ["it was never full"]),
  }),
);

await withEngines(1, [], (server) =>
  scenario("stale: comes back as it was before pages were written anew", {
    remote: { url: server.url },
    during: {
      between: async (bed) => {
        await server.command("SAVE");
        await bed.write(0, PAGES / 2, 2);
        await bed.useFile(2);
        await bed.useFile();
        await restart(server)(bed);
      },
    },
    mayLose: upToStake,
  }),
);

await withEngines(2, [], (one, other) =>
  scenario("two engines with two copies: one is killed during put, and again during get", {
    remote: { url: [one.url, other.url] },
    options: { copies: 2 },
    during: { put: restart(one), get: restart(one) },
  }),
);

await withEngines(2, [], (one, other) =>
  scenario("two engines with one copy each: one is killed during get", {
    remote: { url: [one.url, other.url] },
    during: { get: restart(one) },
    mayLose: ({ atStake }) => [1, Math.ceil(atStake * 0.75)],
  }),
);

console.log(`${((performance.now() - started) / 1000).toFixed(0)} s`);
finish();
