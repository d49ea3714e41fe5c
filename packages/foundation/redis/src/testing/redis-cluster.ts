import { RedisServer } from "./redis-server.js";

const SLOTS = 16384;
const READY_MS = 30_000;

/** A Redis Cluster of masters with a replica each, in processes of their own. */
export class RedisCluster implements AsyncDisposable {
  /** Masters first, as they were made; after a failover it is the Cluster that knows. */
  readonly nodes: readonly RedisServer[];
  readonly masters: number;

  private constructor(nodes: readonly RedisServer[], masters: number) {
    this.nodes = nodes;
    this.masters = masters;
  }

  /** @param config further arguments of every node */
  static async start(masters = 3, replicas = 3, config: readonly string[] = []): Promise<RedisCluster> {
    const own = ["--cluster-enabled", "yes", "--cluster-node-timeout", "700", "--cluster-require-full-coverage", "no"];
    const nodes = await Promise.all(
      Array.from({ length: masters + replicas }, () =>
        RedisServer.start([...own, "--repl-diskless-sync-delay", "0", ...config]),
      ),
    );
    const cluster = new RedisCluster(nodes, masters);
    await cluster.#join();
    return cluster;
  }

  get urls(): string[] {
    return this.nodes.map(({ url }) => url);
  }

  /** The node that serves a hash slot, as a node that runs says. */
  async masterOf(key: string, askedOf: RedisServer): Promise<RedisServer> {
    const slot = Number(/:(\d+)/.exec(await askedOf.command("CLUSTER", "KEYSLOT", key))?.[1]);
    const nodes = await askedOf.command("CLUSTER", "NODES");
    for (const line of nodes.split("\n")) {
      const [, address = "", flags = "", , , , , , ...ranges] = line.trim().split(" ");
      if (!flags.includes("master") || flags.includes("fail")) continue;
      for (const range of ranges) {
        const [first = Number.NaN, last = first] = range.split("-").map(Number);
        if (slot < first || slot > last) continue;
        const port = Number(/:(\d+)@/.exec(address)?.[1]);
        return this.nodes.find((node) => node.port === port)!;
      }
    }
    throw new Error(`nobody serves slot ${slot}`);
  }

  /** Waits until the nodes that run agree that every slot is served. */
  async settled(running: readonly RedisServer[] = this.nodes): Promise<void> {
    await until(async () => {
      for (const node of running) {
        const info = await node.command("CLUSTER", "INFO");
        if (!info.includes("cluster_state:ok") || !info.includes(`cluster_slots_ok:${SLOTS}`)) return false;
      }
      return true;
    }, "the Cluster is settled");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()));
  }

  async #join(): Promise<void> {
    const { nodes, masters } = this;
    for (const [index, node] of nodes.entries()) {
      await node.command("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1));
      if (index >= masters) continue;
      const first = Math.floor((index * SLOTS) / masters);
      const last = Math.floor(((index + 1) * SLOTS) / masters) - 1;
      await node.command("CLUSTER", "ADDSLOTSRANGE", String(first), String(last));
    }
    for (const node of nodes.slice(1)) await nodes[0]!.command("CLUSTER", "MEET", "127.0.0.1", String(node.port));
    await this.settled();
    const ids = await Promise.all(nodes.slice(0, masters).map((node) => node.command("CLUSTER", "MYID")));
    for (const [index, node] of nodes.entries()) {
      if (index < masters) continue;
      const id = /[0-9a-f]{40}/.exec(ids[index % masters]!)![0];
      await until(
        async () => (await node.command("CLUSTER", "REPLICATE", id)).includes("OK"),
        "a replica knows its master",
      );
    }
    for (const node of nodes.slice(masters)) {
      await until(
        async () => (await node.command("INFO", "replication")).includes("master_link_status:up"),
        "a replica follows its master",
      );
    }
    await this.settled();
  }
}

/** Asks again and again until it is so. */
export async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + READY_MS;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`it did not come about that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
