// Real engines for tests: each a process of its own on the loopback interface, with a temporary folder.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.js";

const PROGRAMS = ["redis-server", "valkey-server"];
const START_MS = 10_000;

/** The engine's program, or `undefined`: tests that need it are skipped. */
export const redisProgram: string | undefined = PROGRAMS.find(
  (program) => spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0,
);

/** What a skipped test says. */
export const NO_REDIS = "no redis-server or valkey-server here: install Debian's package redis-server";

/** Processes that must not outlive this one. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly directory: string;
  readonly #config: readonly string[];
  readonly #tls: boolean;
  #child: ChildProcess | undefined;

  private constructor(port: number, directory: string, config: readonly string[]) {
    this.port = port;
    this.directory = directory;
    this.#config = config;
    this.#tls = config.includes("--tls-port");
  }

  /**
   * Starts an engine that keeps nothing on disk.
   *
   * @param config further arguments: `["--maxmemory", "8mb"]`; `{port}` becomes the port
   */
  static async start(config: readonly string[] = []): Promise<RedisServer> {
    const directory = await mkdtemp(join(tmpdir(), "pagetier-redis-"));
    const server = new RedisServer(await freePort(), directory, config);
    try {
      await server.launch();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  get url(): string {
    return `${this.#tls ? "rediss" : "redis"}://127.0.0.1:${this.port}`;
  }

  /** Starts the process (again), with what its folder holds. */
  async launch(): Promise<void> {
    if (redisProgram === undefined) throw new Error(NO_REDIS);
    const port = String(this.port);
    const plain = ["--port", this.#tls ? "0" : port, "--bind", "127.0.0.1", "--dir", this.directory, "--save", ""];
    const own = this.#config.map((argument) => argument.replace("{port}", port));
    const child = spawn(redisProgram, [...plain, "--loglevel", "warning", "--protected-mode", "no", ...own], {
      stdio: "ignore",
    });
    this.#child = child;
    running.add(child);
    child.once("exit", () => running.delete(child));
    await this.#ready(child);
  }

  /** Ends the process as a crash does, and waits until it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  /** The process stands still, and with it everything that it was sent. */
  stop(): void {
    this.#child?.kill("SIGSTOP");
  }

  /** It goes on. */
  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Crashes and starts again. */
  async restart(): Promise<void> {
    await this.kill();
    await this.launch();
  }

  /** Asks the engine something. */
  command(...words: readonly string[]): Promise<string> {
    return ask(this.port, words);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }

  async #ready(child: ChildProcess): Promise<void> {
    const end = Date.now() + START_MS;
    while (Date.now() < end && child.exitCode === null) {
      const answer = await (this.#tls ? reachable(this.port) : ask(this.port, ["PING"])).catch(() => "");
      if (answer.startsWith("+PONG") || answer.startsWith("-NOAUTH") || answer === "open") return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error(`${redisProgram} on port ${this.port} did not start (exit status ${child.exitCode})`);
  }
}

/** Sends one inline command and takes what comes within one answer. Enough for what tests ask. */
function ask(port: number, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.setEncoding("latin1");
    socket.once("connect", () => {
      const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("");
      socket.write(`*${words.length}\r\n${parts}*1\r\n$4\r\nQUIT\r\n`);
    });
    socket.on("data", (data) => {
      text += data;
    });
    socket.once("error", reject);
    socket.once("close", () => resolve(text.replace(/\+OK\r\n$/, "") || text));
  });
}

function reachable(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve("open");
    });
    socket.once("error", reject);
  });
}
