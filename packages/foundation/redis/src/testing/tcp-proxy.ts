import { connect, createServer, type Server, type Socket } from "node:net";

/** What a line does to data now. */
interface LineState {
  isCut: boolean;
  isHeld: boolean;
  delayMs: number;
  targetPort: number;
  readonly held: (() => void)[];
}

/** A line between a client and an engine that a test can cut, hold up and slow down. */
export class TcpProxy implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  readonly #state: LineState;

  private constructor(port: number, server: Server, sockets: Set<Socket>, state: LineState) {
    this.port = port;
    this.#server = server;
    this.#sockets = sockets;
    this.#state = state;
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const sockets = new Set<Socket>();
    const state: LineState = { isCut: false, isHeld: false, delayMs: 0, targetPort, held: [] };
    const pass = (from: Socket, to: Socket): void => {
      const delayed: (() => void)[] = [];
      from.on("data", (data) => {
        const forward = (): void => {
          if (!to.destroyed) to.write(data);
        };
        if (state.isHeld) state.held.push(forward);
        else if (state.delayMs === 0 && delayed.length === 0) forward();
        else {
          // Whichever timer is first, what came first goes: also when the line becomes faster meanwhile.
          delayed.push(forward);
          setTimeout(() => delayed.shift()!(), state.delayMs);
        }
      });
      from.on("error", () => to.destroy());
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    };
    const server = createServer((client) => {
      if (state.isCut) {
        client.destroy();
        return;
      }
      const upstream = connect(state.targetPort, "127.0.0.1");
      for (const socket of [client, upstream]) {
        socket.setNoDelay(true);
        sockets.add(socket);
      }
      pass(client, upstream);
      pass(upstream, client);
    });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
    });
    return new TcpProxy(port, server, sockets, state);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Drops every connection and takes no new one, or takes them again. */
  cut(isCut = true): void {
    this.#state.isCut = isCut;
    if (!isCut) return;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  /** Drops every connection; the next ones lead to another engine. */
  retarget(port: number): void {
    this.#state.targetPort = port;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  /** Nothing passes, and nothing breaks. */
  hold(): void {
    this.#state.isHeld = true;
  }

  /** What waited passes now. */
  release(): void {
    this.#state.isHeld = false;
    for (const forward of this.#state.held.splice(0)) forward();
  }

  /** Every piece of data takes so much longer, each way. */
  delay(milliseconds: number): void {
    this.#state.delayMs = milliseconds;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
