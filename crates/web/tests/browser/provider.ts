import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../../../tests/oidc_provider", import.meta.url));
const SECRET = "a secret between the server and its provider";

/** A real OpenID provider, the one of the end-to-end tests. Nobody types anything there. */
export class Provider {
  private constructor(
    readonly process: ChildProcess,
    readonly issuer: string,
  ) {}

  static async start(): Promise<Provider> {
    const child = spawn("node", ["provider.mjs"], { cwd: FOLDER, env: { ...process.env, CLIENT_SECRET: SECRET }, stdio: ["ignore", "pipe", "ignore"] });
    const [line] = (await Promise.race([
      once(createInterface({ input: child.stdout }), "line"),
      once(child, "exit").then(() => Promise.reject(new Error(`the provider does not start: npm ci in ${FOLDER}`))),
    ])) as [string];
    return new Provider(child, (JSON.parse(line) as { issuer: string }).issuer);
  }

  /** The settings of a server that lets people in through this provider. */
  get settings(): Record<string, string> {
    const prefix = "COLLOQUY_OIDC__CORPORATE__";
    return {
      [`${prefix}ISSUER`]: this.issuer,
      [`${prefix}CLIENT_ID`]: "colloquy",
      [`${prefix}CLIENT_SECRET`]: SECRET,
      [`${prefix}LABEL`]: "Corporate login",
      [`${prefix}SCOPES`]: "email,profile",
      [`${prefix}ALLOW_REGISTRATION`]: "true",
    };
  }

  /** Who signs in next; `null` is refused. */
  async person(claims: { sub: string; email: string; email_verified: boolean; name: string } | null): Promise<void> {
    const answer = await fetch(`${this.issuer}/test/person`, { method: "POST", body: JSON.stringify(claims) });
    if (answer.status !== 204) throw new Error(`the provider answers ${answer.status}`);
  }

  async stop(): Promise<void> {
    const gone = once(this.process, "exit");
    this.process.kill();
    await gone;
  }
}
