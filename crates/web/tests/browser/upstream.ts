import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { drawnText, evilText, longText, richText } from "./texts";

interface Asked {
  model: string;
  stream?: boolean;
  messages: { role: string; content: string | { text?: string }[] }[];
}

/**
 * A scripted model provider that speaks OpenAI's wire format. The model decides what happens: `echo` repeats what was
 * said, `long` writes 20,000 tokens, `slow` counts until it is stopped, `held` says a word and waits to be released, `rich` answers with everything
 * that an answer can hold, `drawn` with diagrams, `evil` with scripts and traps, letter by letter, `thinker` reasons and calls a tool, `broken`
 * fails.
 */
export class Upstream {
  readonly asked: Asked[] = [];
  /** How many answers were sent to their end. */
  answered = 0;
  #server: Server;
  #held: (() => void)[] = [];

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<Upstream> {
    const upstream = new Upstream();
    await new Promise<void>((done) => upstream.#server.listen(0, "127.0.0.1", done));
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  /** Lets everything that is held go on. */
  release(): void {
    for (const go of this.#held.splice(0)) go();
  }

  get holding(): number {
    return this.#held.length;
  }

  async stop(): Promise<void> {
    this.release();
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === "GET") {
      const models = ["long", "drawn", "echo", "slow", "held", "rich", "evil", "thinker", "broken"];
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ object: "list", data: models.map((id) => ({ id, object: "model" })) }));
      return;
    }
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const asked = JSON.parse(body) as Asked;
    if (textOf(asked.messages[0]?.content ?? "").startsWith("Give this conversation a title")) {
      // The server names conversations in the background; that is not what is tried here.
      response.statusCode = 400;
      response.end();
      return;
    }
    this.asked.push(asked);
    if (asked.model === "broken") {
      response.statusCode = 400;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ error: { message: "it broke <b>badly</b>", type: "invalid_request_error" } }));
      return;
    }
    response.setHeader("content-type", "text/event-stream");
    const send = (delta: object, finish: string | null = null) =>
      response.write(`data: ${JSON.stringify({ ...head(asked), choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`);
    const finish = await this.#say(asked, send, () => response.destroyed);
    if (response.destroyed) return;
    send({}, finish);
    const usage = { prompt_tokens: 1234, completion_tokens: 56, total_tokens: 1290 };
    response.write(`data: ${JSON.stringify({ ...head(asked), choices: [], usage })}\n\n`);
    response.end("data: [DONE]\n\n");
    this.answered += 1;
  }

  async #say(asked: Asked, send: (delta: object) => void, isGone: () => boolean): Promise<string> {
    const said = textOf(asked.messages.at(-1)?.content ?? "");
    switch (asked.model) {
      case "slow":
        for (let count = 1; count <= 2_000 && !isGone(); count += 1) {
          send({ content: `${count} ` });
          await pause(15);
        }
        return "stop";
      case "held":
        send({ content: "First half," });
        await new Promise<void>((go) => this.#held.push(go));
        send({ content: " second half." });
        return "stop";
      case "rich":
        for (const piece of richText.match(/[\s\S]{1,24}/g) ?? []) {
          send({ content: piece });
          await pause(2);
        }
        return "stop";
      case "drawn":
        for (const piece of drawnText.match(/[\s\S]{1,9}/g) ?? []) {
          send({ content: piece });
          await pause(2);
        }
        return "stop";
      case "long": {
        // The first word says what it is like, the second after how many tokens they come at 200 a second.
        const [kind = "", quick = "0"] = said.split(" ");
        const tokens = longText(kind).match(/[\s\S]{1,4}/g) ?? [];
        const begin = Date.now();
        for (const [index, token] of tokens.slice(0, 20_000).entries()) {
          if (isGone()) break;
          send({ content: token });
          const ahead = (index - Number(quick)) * 5 - (Date.now() - begin);
          if (index % 50 === 0 && index < Number(quick)) await pause(1);
          else if (ahead > 5) await pause(ahead);
        }
        return "stop";
      }
      case "evil":
        for (const letter of evilText) send({ content: letter });
        return "stop";
      case "thinker":
        send({ reasoning_content: "Let me **think** about it." });
        await pause(20);
        send({ content: "I will look that up." });
        send({ tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":' } }] });
        send({ tool_calls: [{ index: 0, function: { arguments: '"Zürich"}' } }] });
        return "tool_calls";
      default:
        for (const word of `You said: ${said}`.split(/(?<=\s)/)) {
          send({ content: word });
          await pause(3);
        }
        return "stop";
    }
  }
}

const head = ({ model }: Asked) => ({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_700_000_000, model });
const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

function textOf(content: Asked["messages"][number]["content"]): string {
  return typeof content === "string" ? content : content.map((part) => part.text ?? "").join("");
}
