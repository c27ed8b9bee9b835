import { answers, composer, expect, newChat, questions, say, test } from "./fixtures";
import { evilText } from "./texts";

// The page of every test fails it when a script of a text ran, when another host was asked, or when anything was written
// to the console as an error.

test("no answer becomes more than text, letter by letter or as a whole", async ({ chat }) => {
  await newChat(chat, "evil");
  await say(chat, evilText);
  await expect(answers(chat)).toContainText("local/evil");
  await expect(answers(chat)).toContainText("<script>window.pwned = 1</script>");
  await expect(chat.locator(".thread :is(script, iframe, style, img:not([src^='data:image/svg+xml,']), object, embed, form)")).toHaveCount(0);
  const hrefs = await chat.locator(".thread a").evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href));
  for (const href of hrefs) expect(href).toMatch(/^https?:/);
  const foreign = chat.locator(".thread a[href*='evil.example']");
  for (const place of await foreign.all()) {
    await expect(place).toHaveAttribute("rel", /noopener/);
    await expect(place).toHaveAttribute("target", "_blank");
  }
  await chat.reload();
  await expect(answers(chat)).toContainText("<script>window.pwned = 1</script>");
  await expect(questions(chat)).toContainText("<iframe");
});

test("no name or title becomes more than text", async ({ chat }) => {
  const evil = `<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>`;
  await newChat(chat, "echo");
  await say(chat, evil);
  await expect(answers(chat)).toContainText("You said:");
  await expect(chat.getByRole("heading", { level: 1 })).toContainText("<img");
  await chat.locator("input[type=file]").setInputFiles({ name: `${evil.slice(0, 30)}.txt`, mimeType: "text/html", buffer: Buffer.from(evil) });
  await say(chat, "with a file");
  await expect(questions(chat)).toHaveCount(2);
  await chat.goto("/settings/api-keys");
  await chat.getByLabel("Name of the key").fill(evil.slice(0, 60));
  await chat.getByRole("button", { name: "Create a key" }).click();
  await expect(chat.getByRole("cell", { name: evil.slice(0, 60), exact: true })).toBeVisible();
  await chat.goto(`/login?next=${encodeURIComponent("javascript:window.pwned=3")}`);
  await expect(composer(chat)).toBeVisible();
  await chat.goto(`/login?next=${encodeURIComponent("https://evil.example/")}`);
  await expect(composer(chat)).toBeVisible();
});

test("the page is held by one strict policy and kept for ever only where its address names its content", async ({ server }) => {
  for (const path of ["/", "/login", "/c/00000000-0000-7000-8000-000000000000", "/search", "/settings/account", "/admin/people"]) {
    const page = await fetch(server.address + path);
    expect(page.status, path).toBe(200);
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|http/);
    expect(page.headers.get("cache-control")).toBe("no-cache");
    const again = await fetch(server.address + path, { headers: { "If-None-Match": page.headers.get("etag") ?? "" } });
    expect(again.status).toBe(304);
    const html = await page.text();
    expect(html).not.toMatch(/<style|style=|onload=|<script>/);
    for (const [, asset] of html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)) {
      const file = await fetch(server.address + asset, { headers: { "Accept-Encoding": "br" } });
      expect(file.status).toBe(200);
      expect(file.headers.get("cache-control")).toContain("immutable");
      expect(file.headers.get("content-encoding")).toBe("br");
      const plain = await fetch(server.address + asset, { headers: { "Accept-Encoding": "identity" } });
      expect(plain.headers.get("content-encoding")).toBeNull();
      expect(await plain.text()).toBe(await file.text());
    }
  }
  const manifest = await fetch(`${server.address}/manifest.webmanifest`);
  expect(manifest.headers.get("content-type")).toBe("application/manifest+json");
  expect(manifest.headers.get("cache-control")).toBe("no-cache");
  const { icons } = (await manifest.json()) as { icons: { src: string; type: string }[] };
  for (const { src, type } of icons) expect((await fetch(server.address + src)).headers.get("content-type")).toBe(type);
  // The page knows without asking whether its request came with a session.
  const company = async (headers: Record<string, string>) => (await fetch(server.address, { headers })).headers.get("server-timing");
  expect(await company({})).toBe("stranger");
  expect(await company({ cookie: "colloquy=something" })).toBe("session");
  expect((await fetch(`${server.address}/api/v1/nothing`)).headers.get("content-type")).toContain("problem+json");
});
