// RAMster on a Redis Cluster of three masters with three replicas, each page acknowledged by a master and its replica: masters are killed,
// stand still until they are replaced and come back as if nothing had happened, and lose their memory together with their replicas.

import { RedisCluster } from "../../packages/foundation/redis/dist/testing/index.js";
import { needRedis, PAGES, scenario, sleep } from "./support/ramster.mjs";
import { finish } from "./support/replays.mjs";

needRedis();
const started = performance.now();

async function onCluster(name, describe) {
  const cluster = await RedisCluster.start(3, 3, ["--maxmemory-policy", "volatile-lru"]);
  try {
    const remote = { url: cluster.urls, cluster: true };
    await scenario(name, { remote, options: { copies: 2, fetchTimeoutMs: 30_000 }, ...describe(cluster) });
  } finally {
    await cluster[Symbol.asyncDispose]();
  }
}

/** About a third of the pages, and none that was not there. */
const upToTwoThirds = ({ atStake }) => [1, Math.ceil(atStake * 0.67)];

await onCluster("a Cluster: one master is killed during put, another during get", ({ nodes }) => ({
  during: { put: () => nodes[0].kill(), get: () => nodes[1].kill() },
}));

await onCluster("a Cluster: a master stands still until its replica has taken over, and returns", ({ nodes }) => {
  const absent = (node) => async () => {
    node.stop();
    await sleep(3000);
    node.resume();
  };
  return {
    during: {
      put: absent(nodes[0]),
      between: async (bed) => {
        // Written anew while the old master is away: what it still has is older.
        const absence = absent(nodes[1])();
        await bed.write(0, PAGES / 2, 2);
        await bed.useFile(2);
        await absence;
      },
      get: absent(nodes[2]),
    },
  };
});

await onCluster("a Cluster: a master and its replica are killed together, and come back empty", ({ nodes }) => ({
  during: {
    get: async (bed) => {
      bed.noteStake();
      await Promise.all([nodes[0].kill(), nodes[3].kill()]);
      await Promise.all([nodes[0].launch(), nodes[3].launch()]);
    },
  },
  mayLose: upToTwoThirds,
}));

await onCluster("a Cluster: a master comes back empty before its replica takes over", ({ nodes }) => ({
  during: {
    get: async (bed) => {
      bed.noteStake();
      await nodes[0].restart();
    },
  },
  mayLose: upToTwoThirds,
}));

console.log(`${((performance.now() - started) / 1000).toFixed(0)} s`);
finish();
