import { createServer, request as ask, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "@playwright/test";
import { answers, composer, expect, newChat, questions, say, signIn, test } from "./fixtures";

test.use({ serviceWorkers: "allow" });

const nothingAnswers = /Failed to load resource|WebSocket|ERR_/;
const keptThreads = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<string>((done) => {
        const opening = indexedDB.open("colloquy");
        opening.onupgradeneeded = () => opening.transaction?.abort();
        opening.onerror = () => done("[]");
        opening.onsuccess = () => {
          const stores = opening.result.transaction(["kept", "threads"]);
          const threads = stores.objectStore("threads").getAll();
          const kept = stores.objectStore("kept").getAll();
          stores.oncomplete = () => {
            opening.result.close();
            done(JSON.stringify([kept.result, threads.result]));
          };
        };
      }),
  );

/** Waits until the program and a text are on the device. */
async function isKept(page: Page, text: string): Promise<void> {
  await page.evaluate(() => navigator.serviceWorker.ready);
  await expect.poll(() => keptThreads(page)).toContain(text);
}

test("without a network the app opens, shows what was read, and comes back by itself", async ({ chat, context, expected }) => {
  expected.push(nothingAnswers);
  await newChat(chat, "echo");
  await say(chat, "Keep this in mind");
  await expect(answers(chat)).toContainText("You said: Keep this in mind");
  const address = chat.url();
  await isKept(chat, "You said: Keep this in mind");
  await newChat(chat, "echo");
  await say(chat, "Never opened again");
  await expect(answers(chat)).toContainText("You said: Never opened again");
  await isKept(chat, "You said: Never opened again");
  await context.setOffline(true);
  await chat.goto("/");
  const hint = chat.getByText("You are offline. What you send waits here.").first();
  await expect(hint).toBeVisible();
  await expect(chat.locator(".composer-hint")).toHaveText("You are offline. What you send waits here.");
  const link = chat.getByRole("link", { name: "Keep this in mind" });
  await link.click();
  await expect(chat).toHaveURL(address);
  await expect(answers(chat)).toContainText("You said: Keep this in mind");
  await chat.reload();
  await expect(questions(chat)).toContainText("Keep this in mind");
  await expect(answers(chat)).toContainText("You said: Keep this in mind");
  // What is not kept says so, and the list is filtered from what is there.
  await chat.getByRole("textbox", { name: "Filter by title" }).fill("mind");
  await expect(link).toBeVisible();
  await expect(chat.getByRole("link", { name: "Never opened again" })).toBeHidden();
  await composer(chat).fill("Written on the train");
  await composer(chat).press("Enter");
  await expect(chat.getByText("Waits for the connection")).toBeVisible();
  await context.setOffline(false);
  await expect(answers(chat).last()).toContainText("You said: Written on the train");
  await expect(questions(chat)).toHaveCount(2);
  await expect(hint).toBeHidden();
  await expect(chat.getByRole("button", { name: /Model: .*echo/ })).toBeVisible();
});

test("while the server is away the app opens as well", async ({ chat, server, expected }) => {
  expected.push(nothingAnswers);
  await newChat(chat, "rich");
  await say(chat, "Survive a restart");
  await expect(chat.getByRole("button", { name: "Answer again", exact: true })).toBeVisible();
  await isKept(chat, "Never water the leaves");
  await server.kill();
  await chat.reload();
  await expect(answers(chat)).toContainText("Never water the leaves");
  await expect(chat.locator(".hljs-keyword").first()).toBeAttached();
  await expect(chat.getByText("Connection lost. Trying again …")).toBeVisible();
  await chat.goto("/c/00000000-0000-7000-8000-000000000000");
  await expect(chat.getByText("this chat is not kept on this device")).toBeVisible();
  await server.resume();
  await expect(chat.getByRole("heading", { name: "Nothing is here" })).toBeVisible({ timeout: 20_000 });
});

test("nothing of a person stays on the device when they sign out, and no proof of who they are ever gets there", async ({ chat, context, expected }) => {
  expected.push(nothingAnswers);
  await newChat(chat, "echo");
  await say(chat, "Private matter");
  await expect(answers(chat)).toContainText("You said: Private matter");
  await isKept(chat, "Private matter");
  const me = await chat.evaluate(async () => (await (await fetch("/api/v1/me")).json()) as { csrf_token: string });
  const everything = async () => {
    const cached = await chat.evaluate(async () => {
      const texts: string[] = [];
      for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) texts.push(request.url, JSON.stringify([...((await cache.match(request))?.headers ?? [])]));
      }
      return texts.join("\n") + JSON.stringify(localStorage) + JSON.stringify(sessionStorage);
    });
    return cached + (await keptThreads(chat));
  };
  const cookies = await context.cookies();
  const before = await everything();
  for (const secret of [me.csrf_token, ...cookies.map(({ value }) => value)]) expect(before).not.toContain(secret);
  expect(before).not.toContain("/api/");
  await chat.getByRole("button", { name: "Account: Ada" }).click();
  await chat.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(chat.getByRole("heading", { name: "Sign in to Colloquy" })).toBeVisible();
  await expect.poll(everything).not.toContain("Private");
  expect(await everything()).not.toContain("ada@example.org");
  await context.setOffline(true);
  await chat.goto("/");
  await expect(chat.getByText("The server cannot be reached.")).toBeVisible();
  await expect(chat.getByText("Private matter")).toBeHidden();
  await context.setOffline(false);
});

test("a browser can install it, and the worker may do nothing but ask this server", async ({ chat, server, expected }) => {
  expected.push(/TrustedTypePolicy/);
  await chat.evaluate(() => navigator.serviceWorker.ready);
  const devtools = await chat.context().newCDPSession(chat);
  const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
  expect(installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito")).toEqual([]);
  const worker = await fetch(`${server.address}/worker.js`);
  expect(worker.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  expect(worker.headers.get("cache-control")).toBe("no-cache");
  const policy = worker.headers.get("content-security-policy");
  expect(policy).toBe("default-src 'none'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'");
  // The page can make no address but that of the worker into a script, and no second policy.
  const refused = await chat.evaluate(() => {
    const types = (window as unknown as { trustedTypes: { createPolicy(name: string, rules: object): unknown } }).trustedTypes;
    const tried = ["worker", "default", "other"].map((name) => {
      try {
        types.createPolicy(name, { createHTML: (text: string) => text });
        return "made";
      } catch {
        return "refused";
      }
    });
    return tried;
  });
  expect(refused).toEqual(["refused", "refused", "refused"]);
});

/** Stands before the server as a newer build of the client would. */
async function newerBuild(address: string): Promise<{ proxy: HttpServer; url: string; update(): void }> {
  let isNew = false;
  const proxy = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, host: new URL(address).host, "accept-encoding": "identity" };
    if (headers.origin) headers.origin = address;
    if (isNew) delete headers["if-none-match"];
    const passed = ask(address + incoming.url, { method: incoming.method, headers }, (answer) => {
      const isText = /html|javascript/.test(answer.headers["content-type"] ?? "");
      if (!isNew || !isText) {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
        return;
      }
      const pieces: Buffer[] = [];
      answer.on("data", (piece: Buffer) => pieces.push(piece));
      answer.on("end", () => {
        const text = Buffer.concat(pieces).toString();
        const changed = text.replace("<title>Colloquy</title>", '<title>Colloquy</title><meta name="build" content="newer" />');
        const { "content-length": _, etag: __, ...kept } = answer.headers;
        outgoing.writeHead(answer.statusCode ?? 500, kept);
        outgoing.end(incoming.url === "/worker.js" ? text.replace(/build:[`"'](\w+)[`"']/, "build:`newer`") : changed);
      });
    });
    passed.on("error", () => outgoing.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
  return { proxy, url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, update: () => (isNew = true) };
}

test("a newer build is there at the next visit, and is what is kept from then on", async ({ page, context, server, expected }) => {
  expected.push(nothingAnswers, /another host/);
  const { proxy, url, update } = await newerBuild(server.address);
  try {
    await page.goto(`${url}/login`);
    await signIn(page, url);
    await page.evaluate(() => navigator.serviceWorker.ready);
    const isNewer = () => page.locator("meta[name=build]").count();
    const builds = () => page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith("colloquy.shell.")));
    await expect.poll(async () => (await builds()).length).toBe(1);
    expect(await isNewer()).toBe(0);
    update();
    await page.goto(`${url}/`);
    expect(await isNewer()).toBe(1);
    await expect.poll(builds).toContain("colloquy.shell.newer");
    await expect.poll(() => page.evaluate(async () => (await caches.match("/", { cacheName: "colloquy.shell.newer" })) !== undefined)).toBe(true);
    await context.setOffline(true);
    await page.reload();
    expect(await isNewer()).toBe(1);
    await expect(composer(page)).toBeVisible();
    await context.setOffline(false);
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
});
