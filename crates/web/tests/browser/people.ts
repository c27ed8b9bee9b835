import { createHmac } from "node:crypto";
import { type Page, expect } from "@playwright/test";
import { OWNER } from "./fixtures";
import type { Server } from "./server";

export const PASSWORD = "a long enough password";

interface Account {
  email: string;
  display_name: string;
  password?: string;
  role?: "admin" | "member" | "viewer";
}

/** One session for each server: signing in again and again is slowed down. */
const sessions = new WeakMap<Server, Promise<Record<string, string>>>();

async function signInOwner(server: Server): Promise<Record<string, string>> {
  const login = await fetch(`${server.address}/api/v1/auth/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email: OWNER.email, password: OWNER.password }),
  });
  const cookie = login.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  const { csrf_token: csrf } = (await login.json()) as { csrf_token: string };
  return { Origin: server.address, Cookie: cookie, "X-CSRF-Token": csrf };
}

/** What a program of the owner asks of the server. */
export async function asOwner(server: Server, method: string, path: string, body: unknown): Promise<unknown> {
  const session = sessions.get(server) ?? signInOwner(server);
  sessions.set(server, session);
  const answer = await fetch(server.address + path, {
    method,
    headers: { "Content-Type": "application/json", ...(await session) },
    body: body === undefined ? null : JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
  return answer.json();
}

/** Makes an account; without a password, the answer has a link. */
export async function makeAccount(server: Server, account: Account): Promise<{ id: string; link: string | null }> {
  return (await asOwner(server, "POST", "/api/v1/users", { role: "member", ...account })) as { id: string; link: string | null };
}

export async function signInAs(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** The page of somebody who is signed in. */
export async function atHome(page: Page): Promise<void> {
  await expect(page.getByRole("textbox", { name: "Message", exact: true })).toBeVisible();
}

/** The six digits that a device shows (RFC 6238). */
export function totp(secret: string, at = Date.now()): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret.replaceAll(/\s/g, "")].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const mac = createHmac("sha1", key).update(counter).digest();
  const from = (mac[19] ?? 0) & 15;
  return String((mac.readUInt32BE(from) & 0x7fff_ffff) % 1_000_000).padStart(6, "0");
}

/** Makes a conversation, as a program of the owner would; gives its id. */
export async function makeChat(server: Server, title: string, more: { project_id?: string } = {}): Promise<string> {
  return ((await asOwner(server, "POST", "/api/v1/conversations", { title, ...more })) as { id: string }).id;
}
