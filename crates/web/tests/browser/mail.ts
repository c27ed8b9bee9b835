import { type AddressInfo, type Server, type Socket, createServer } from "node:net";
import { createInterface } from "node:readline";
import { until } from "./server";

interface Mail {
  to: string;
  text: string;
}

/** A mail server that takes every mail and keeps it. */
export class MailSink {
  readonly mails: Mail[] = [];
  #server: Server;

  private constructor() {
    this.#server = createServer((socket) => void this.#converse(socket));
  }

  static async start(): Promise<MailSink> {
    const sink = new MailSink();
    await new Promise<void>((done) => sink.#server.listen(0, "127.0.0.1", done));
    return sink;
  }

  /** The settings of a server that hands its mail over here. */
  get settings(): Record<string, string> {
    return {
      COLLOQUY_MAIL__HOST: "127.0.0.1",
      COLLOQUY_MAIL__PORT: String((this.#server.address() as AddressInfo).port),
      COLLOQUY_MAIL__TLS: "none",
      COLLOQUY_MAIL__FROM: "Colloquy <colloquy@example.org>",
    };
  }

  /** The path of the link in the newest mail to somebody that leads to a page. */
  async linkTo(address: string, page: string): Promise<string> {
    let link: string | undefined;
    await until(`a mail to ${address} leads to ${page}`, () => {
      const texts = this.mails.filter(({ to }) => to === address).map(({ text }) => text);
      link = texts.flatMap((text) => text.match(/\/\w+#token=[\w-]+/g) ?? []).findLast((one) => one.startsWith(`${page}#`));
      return link !== undefined;
    });
    return link ?? "";
  }

  async stop(): Promise<void> {
    await new Promise((done) => this.#server.close(done));
  }

  async #converse(socket: Socket): Promise<void> {
    const say = (line: string) => socket.write(`${line}\r\n`);
    // Somebody who hangs up has said all they wanted to.
    socket.on("error", () => socket.destroy());
    say("220 sink ESMTP");
    let to = "";
    let data: string[] | null = null;
    for await (const line of createInterface({ input: socket, crlfDelay: Infinity })) {
      if (data) {
        if (line !== ".") {
          data.push(line.replace(/^\./, ""));
          continue;
        }
        this.mails.push({ to, text: decoded(data) });
        data = null;
        say("250 taken");
        continue;
      }
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === "RCPT") to = /<([^>]*)>/.exec(line)?.[1] ?? "";
      if (verb === "DATA") data = [];
      if (verb === "QUIT") socket.end("221 bye\r\n");
      else say(verb === "DATA" ? "354 go on" : verb === "EHLO" ? "250 SMTPUTF8" : "250 ok");
    }
  }
}

function decoded(lines: string[]): string {
  const end = lines.indexOf("");
  const encoding = /^content-transfer-encoding:\s*(\S+)/im.exec(lines.slice(0, end).join("\n"))?.[1]?.toLowerCase();
  const body = lines.slice(end + 1);
  if (encoding === "base64") return Buffer.from(body.join(""), "base64").toString();
  if (encoding !== "quoted-printable") return body.join("\n");
  const joined = body.join("\n").replaceAll(/=\n/g, "");
  return Buffer.from(joined.replaceAll(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))), "latin1").toString();
}
