import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type Page, test } from "@playwright/test";
import { Upstream } from "../browser/upstream";
import { coldStart, heap, pause, show, watched, whileItStreams } from "./measure";

/*
 * The same figures of Open WebUI, where `OPEN_WEBUI_BIN` names its program (`pip install open-webui`).
 */

const BINARY = process.env.OPEN_WEBUI_BIN ?? "";
const STARTS_WITHIN = 240_000;
/** What it shows once a message can be typed. */
const composer = (page: Page) => page.locator("#chat-input");

/** The server without accounts, with a folder of its own and the scripted provider. */
class OpenWebUi {
  private constructor(
    readonly address: string,
    readonly upstream: Upstream,
    readonly folder: string,
    readonly process: ChildProcess,
  ) {}

  static async start(): Promise<OpenWebUi> {
    const [folder, upstream, port] = [mkdtempSync(join(tmpdir(), "open-webui-")), await Upstream.start(), await freePort()];
    const environment = {
      PATH: process.env.PATH,
      HOME: folder,
      DATA_DIR: join(folder, "data"),
      WEBUI_AUTH: "false",
      WEBUI_SECRET_KEY: "bench",
      OFFLINE_MODE: "true",
      HF_HUB_OFFLINE: "1",
      RAG_EMBEDDING_ENGINE: "openai",
      RAG_OPENAI_API_BASE_URL: upstream.url,
      RAG_OPENAI_API_KEY: "none",
      ENABLE_OLLAMA_API: "false",
      OPENAI_API_BASE_URL: upstream.url,
      OPENAI_API_KEY: "none",
      ENABLE_VERSION_UPDATE_CHECK: "false",
      ENABLE_TITLE_GENERATION: "false",
      ENABLE_TAGS_GENERATION: "false",
      ENABLE_FOLLOW_UP_GENERATION: "false",
      ENABLE_AUTOCOMPLETE_GENERATION: "false",
      SCARF_NO_ANALYTICS: "true",
      DO_NOT_TRACK: "true",
    };
    const child = spawn(BINARY, ["serve", "--host", "127.0.0.1", "--port", String(port)], { env: environment as NodeJS.ProcessEnv, cwd: folder, stdio: "ignore" });
    const address = `http://127.0.0.1:${port}`;
    const end = Date.now() + STARTS_WITHIN;
    while (!(await fetch(`${address}/health`).catch(() => null))?.ok) {
      if (child.exitCode !== null || Date.now() > end) throw new Error("Open WebUI did not start");
      await pause(500);
    }
    return new OpenWebUi(address, upstream, folder, child);
  }

  /** A page that is past what greets newcomers. */
  async page(browser: Browser): Promise<Page> {
    const page = await (await browser.newContext({ baseURL: this.address })).newPage();
    await page.goto("/");
    await composer(page).waitFor({ timeout: 60_000 });
    await page.evaluate(() => fetch("/api/v1/users/user/settings/update", {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${localStorage.token as string}` },
      body: JSON.stringify({ ui: { version: "999.0.0", showChangelog: false, showUpdateToast: false, autoTags: false, title: { auto: false } } }),
    }));
    await page.reload();
    await composer(page).waitFor();
    return page;
  }

  async stop(): Promise<void> {
    const gone = new Promise((done) => this.process.once("exit", done));
    this.process.kill("SIGKILL");
    await gone;
    await this.upstream.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Stores a conversation of so many messages, and gives its id. */
function store(page: Page, title: string, texts: string[]): Promise<string> {
  return page.evaluate(
    async ([title, texts]) => {
      interface Message {
        id: string;
        parentId: string | null;
        childrenIds: string[];
        role: string;
        content: string;
        timestamp: number;
        models?: string[];
        model?: string;
        done?: boolean;
      }
      const messages: Message[] = [];
      for (const [index, content] of texts.entries()) {
        const before = messages.at(-1);
        const isQuestion = index % 2 === 0;
        const message: Message = { id: crypto.randomUUID(), parentId: before?.id ?? null, childrenIds: [], role: isQuestion ? "user" : "assistant", content, timestamp: 1_700_000_000 + index };
        Object.assign(message, isQuestion ? { models: ["echo"] } : { model: "echo", done: true });
        before?.childrenIds.push(message.id);
        messages.push(message);
      }
      const history = { messages: Object.fromEntries(messages.map((message) => [message.id, message])), currentId: messages.at(-1)?.id };
      const answer = await fetch("/api/v1/chats/new", {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${localStorage.token as string}` },
        body: JSON.stringify({ chat: { title, models: ["echo"], history, messages } }),
      });
      return ((await answer.json()) as { id: string }).id;
    },
    [title, texts] as const,
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

if (BINARY) {
  test("Open WebUI", async ({ browser }) => {
    test.setTimeout(1_800_000);
    const peer = await OpenWebUi.start();
    const page = await peer.page(browser);
    await coldStart(browser, peer.address, await page.context().storageState(), composer);

    const long = await store(page, "Long", Array.from({ length: 2_000 }, (_, index) => `Message ${index + 1}. ${"Some words. ".repeat(index % 40)}`));
    await page.goto("/");
    const link = page.locator(`a[href="/c/${long}"]`);
    await link.waitFor();
    const start = Date.now();
    await link.click();
    await page.getByText("Message 2000.").waitFor({ timeout: 120_000 });
    show("opening a conversation of 2,000 messages, from the click", Date.now() - start, "ms");
    const seen = await watched(page, async () => {
      for (let step = 0; step < 200 && !(await page.getByText("Message 1.", { exact: false }).first().isVisible()); step += 1) {
        await page.locator("#messages-container").evaluate((element) => element.scrollBy(0, -3_000));
        await pause(50);
      }
    });
    show("longest task while scrolling towards its beginning", Math.max(0, ...seen.long), "ms");

    for (const [kind, words] of [
      ["chapters", "an answer of 20,000 tokens with code, lists and tables"],
      ["program", "a program of 20,000 tokens"],
    ] as const) {
      await page.goto("/?models=long");
      await composer(page).click();
      await page.keyboard.type(kind);
      await whileItStreams(words, browser, page, peer.upstream, () => page.keyboard.press("Enter"));
    }

    const ids: string[] = [];
    for (let index = 0; index < 100; index += 1) {
      ids.push(await store(page, `Long ${index}`, Array.from({ length: 50 }, (_, at) => `Message ${at}. ${"Some words. ".repeat(60)}`)));
    }
    await page.goto("/");
    await page.locator(`a[href="/c/${ids.at(-1)}"]`).waitFor();
    show("heap at the beginning", await heap(page), "MB");
    for (const [index, id] of [...ids].reverse().entries()) {
      const line = page.locator(`a[href="/c/${id}"]`);
      while (!(await line.count())) {
        await page.locator("#sidebar .overflow-y-auto").first().evaluate((element) => element.scrollBy(0, 2_000));
        await pause(200);
      }
      await line.click();
      await page.waitForURL(`**/c/${id}`);
      await page.getByText("Message 49.").first().waitFor();
      if (index === 19) show("heap after 20 conversations of 50 messages", await heap(page), "MB");
    }
    show("heap after 100", await heap(page), "MB");
    await peer.stop();
  });
}
