import { type Page, expect, test as base } from "@playwright/test";
import { Server } from "./server";

export const OWNER = { email: "ada@example.org", password: "a long enough password", display_name: "Ada" };

export interface Worker {
  server: Server;
}

interface Each {
  /** Errors that a test expects, by a part of their text. */
  expected: RegExp[];
  /** A page of the owner, signed in. */
  chat: Page;
}

/**
 * Every test has a page that fails the test when anything is written to its console as an error, when a script of a text
 * ran, or when anything was asked of another host.
 */
export const test = base.extend<Each, Worker>({
  server: [
    async ({}, use) => {
      const server = await startOwned();
      await use(server);
      await server.stop();
    },
    { scope: "worker" },
  ],
  expected: async ({}, use) => use([]),
  baseURL: async ({ server }, use) => use(server.address),
  page: async ({ page, server, expected }, use) => {
    const wrong: string[] = [];
    watch(page, server.address, wrong);
    await use(page);
    const unexpected = wrong.filter((line) => !expected.some((pattern) => pattern.test(line)));
    expect(unexpected).toEqual([]);
    if (!page.isClosed()) expect(await page.evaluate(() => (window as { pwned?: unknown }).pwned)).toBeUndefined();
  },
  chat: async ({ page }, use) => {
    await signIn(page);
    await use(page);
  },
});

export { expect };

/** A server whose owner has an account. */
export async function startOwned(settings: Record<string, string> = {}): Promise<Server> {
  const server = await Server.start(settings);
  const token = server.setUpLink.split("token=")[1];
  const made = await fetch(`${server.address}/api/v1/setup`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token, ...OWNER }),
  });
  if (!made.ok) throw new Error(`the owner was not made: ${await made.text()}`);
  return server;
}

export function watch(page: Page, address: string, wrong: string[]): void {
  page.on("console", (message) => {
    if (message.type() === "error") wrong.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => wrong.push(`error: ${error.stack ?? error.message}`));
  page.on("dialog", (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(address) && !url.startsWith("data:") && !url.startsWith("blob:")) wrong.push(`asked of another host: ${url}`);
  });
}

export async function signIn(page: Page, address = ""): Promise<void> {
  await page.goto(`${address}/login`);
  await page.getByLabel("E-mail address").fill(OWNER.email);
  await page.getByLabel("Password").fill(OWNER.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("textbox", { name: "Message" })).toBeVisible();
}

export const composer = (page: Page) => page.getByRole("textbox", { name: "Message", exact: true });
export const answers = (page: Page) => page.getByRole("article", { name: "Answer" });
export const questions = (page: Page) => page.getByRole("article", { name: "You" });

/** Begins a chat with a model of the scripted provider. */
export async function newChat(page: Page, model: string): Promise<void> {
  await page.goto("/");
  await page.getByRole("button", { name: /^Model:/ }).click();
  await page.getByRole("combobox", { name: "Search models" }).fill(model);
  await page.getByRole("option", { name: model }).click();
  await expect(page.getByRole("button", { name: new RegExp(`Model: .*${model}`) })).toBeVisible();
}

export async function say(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await composer(page).press("Enter");
}
