import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Upstream } from "./upstream";

const BINARY = process.env.COLLOQUY_BIN ?? fileURLToPath(new URL("../../../../target/debug/colloquy", import.meta.url));
const READY = 20_000;

/** The real server with a folder of its own, and a scripted provider beside it. */
export class Server {
  address = "";
  setUpLink = "";
  #process: ChildProcess | null = null;
  #log = "";
  #listen = "127.0.0.1:0";

  private constructor(
    readonly upstream: Upstream,
    readonly folder: string,
    /** Further settings, from the environment. */
    private readonly settings: Record<string, string>,
  ) {}

  static async start(settings: Record<string, string> = {}): Promise<Server> {
    const folder = mkdtempSync(join(tmpdir(), "colloquy-web-"));
    const server = new Server(await Upstream.start(), folder, settings);
    await server.resume();
    return server;
  }

  get log(): string {
    return this.#log;
  }

  /** Starts the process, again at the same address after the first time. */
  async resume(): Promise<void> {
    const file = join(this.folder, "address");
    rmSync(file, { force: true });
    const environment = {
      PATH: process.env.PATH,
      COLLOQUY_DATA_DIR: join(this.folder, "data"),
      COLLOQUY_SERVER__LISTEN: this.#listen,
      COLLOQUY_PROVIDERS__LOCAL__KIND: "openai-compatible",
      COLLOQUY_PROVIDERS__LOCAL__BASE_URL: this.upstream.url,
      COLLOQUY_PROVIDERS__LOCAL__API_KEY: "test",
      COLLOQUY_PROVIDERS__LOCAL__MODELS: "echo,slow,held,rich,drawn,evil,thinker,broken,long",
      ...this.settings,
    };
    const child = spawn(BINARY, ["serve", "--address-file", file], { env: environment as NodeJS.ProcessEnv });
    this.#process = child;
    const note = (text: Buffer) => (this.#log += text.toString());
    child.stdout.on("data", note);
    child.stderr.on("data", note);
    await until("the server listens", () => existsSync(file) && readFileSync(file, "utf8").trim() !== "");
    const bound = readFileSync(file, "utf8").trim().replace(/^http:\/\//, "");
    this.#listen = bound;
    this.address = `http://${bound}`;
    await until("the server is ready", async () => {
      const answer = await fetch(`${this.address}/health/ready`).catch(() => null);
      return answer?.ok ?? false;
    });
    this.setUpLink ||= /http\S+\/setup#token=\S+/.exec(this.#log)?.[0] ?? "";
  }

  /** Ends the process as a power cut would. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await gone;
  }

  async stop(): Promise<void> {
    await this.kill();
    await this.upstream.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits until something holds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + READY;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not in time: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}
