import { createServer } from "node:net";

/** Highest port whose cluster bus (10000 above) still is one. */
const PORT_MAX = 55_000;

/** A port of the loopback interface that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer();
    const port = await new Promise<number>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
    });
    await new Promise((resolve) => server.close(resolve));
    if (port <= PORT_MAX) return port;
  }
}
