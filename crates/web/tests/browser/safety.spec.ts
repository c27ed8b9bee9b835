import { answers, composer, expect, newChat, questions, say, test, watch } from "./fixtures";
import { asOwner, makeChat } from "./people";
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
  await expect(chat.getByRole("cell").getByText(evil.slice(0, 60), { exact: true })).toBeVisible();
  await chat.goto(`/login?next=${encodeURIComponent("javascript:window.pwned=3")}`);
  await expect(composer(chat)).toBeVisible();
  await chat.goto(`/login?next=${encodeURIComponent("https://evil.example/")}`);
  await expect(composer(chat)).toBeVisible();
});

test("no tag, note or project becomes more than text", async ({ chat, server }) => {
  const evil = `<img src=x onerror="window.pwned=1"> {{name}} $t(app.save)`;
  const id = await makeChat(server, evil);
  const tag = (await asOwner(server, "POST", "/api/v1/tags", { name: evil })) as { id: string };
  await asOwner(server, "PUT", `/api/v1/conversations/${id}/tags/${tag.id}`, undefined);
  const project = (await asOwner(server, "POST", "/api/v1/projects", { name: evil, description: evilText })) as { id: string };
  await asOwner(server, "PATCH", `/api/v1/conversations/${id}`, { project_id: project.id });
  await chat.goto(`/c/${id}`);
  const button = chat.getByRole("button", { name: `Tags: ${evil}` });
  await button.click();
  await expect(chat.getByRole("option", { name: evil })).toBeVisible();
  await chat.getByRole("combobox", { name: "Search or create tags" }).fill(`${evil}!`);
  await expect(chat.getByRole("option", { name: `Create “${evil}!”` })).toBeVisible();
  await chat.keyboard.press("Escape");
  await chat.getByRole("region", { name: "Tags" }).getByRole("button", { name: evil }).click();
  await expect(chat.getByRole("button", { name: `Remove the filter: ${evil}` })).toBeVisible();
  await chat.getByRole("button", { name: "Manage tags" }).click();
  await expect(chat.getByLabel(`Name of ${evil}`)).toHaveValue(evil);
  await chat.goto(`/projects/${project.id}`);
  await expect(chat.getByRole("main")).toContainText("<iframe");
  await chat.goto(`/search?q=${encodeURIComponent(`tag:"<img src=x onerror=window.pwned=2>"`)}`);
  await expect(chat.getByText("You have no tag “<img src=x onerror=window.pwned=2>”.")).toBeVisible();
  await newChat(chat, "echo");
  await say(chat, "Something to write beside");
  await expect(answers(chat)).toContainText("You said:");
  const message = await answers(chat).getAttribute("id");
  for (const said of [{ kind: "note", note: evilText.slice(0, 3_900) }, { kind: "rating", rating: "down", note: evil }]) {
    await asOwner(server, "POST", `/api/v1/messages/${message}/annotations`, said);
  }
  const notes = chat.getByRole("region", { name: "Your notes" });
  await expect(notes).toContainText("<script>window.pwned = 1</script>");
  await expect(notes).toContainText(evil);
  await expect(notes.locator(":is(script, iframe, style, img, object, embed, form, a)")).toHaveCount(0);
});

test("nothing that is shared becomes more than text, whoever opens it", async ({ chat, browser, server }) => {
  await newChat(chat, "evil");
  await say(chat, evilText);
  await expect(answers(chat)).toContainText("local/evil");
  const id = chat.url().split("/").pop() ?? "";
  await asOwner(server, "PATCH", `/api/v1/conversations/${id}`, { title: `</title><script>window.pwned=15</script>` });
  const { link } = (await asOwner(server, "POST", `/api/v1/conversations/${id}/shares`, { kind: "snapshot" })) as { link: string };
  const context = await browser.newContext({ baseURL: server.address, serviceWorkers: "block" });
  const page = await context.newPage();
  const wrong: string[] = [];
  watch(page, server.address, wrong);
  await page.goto(new URL(link, server.address).href.replace(/^https?:\/\/[^/]+/, server.address));
  await expect(page.getByRole("heading", { level: 1 })).toContainText("<script>window.pwned=15</script>");
  await expect(page.getByRole("article", { name: "Question" })).toContainText("<iframe");
  await expect(page.getByRole("article", { name: "Answer" })).toContainText("<script>window.pwned = 1</script>");
  await expect(page.locator("main :is(script, iframe:not([sandbox='allow-scripts']), style, img:not([src^='data:image/svg+xml,']), object, embed, form)")).toHaveCount(0);
  const hrefs = await page.locator("main a").evaluateAll((links) => links.map((one) => (one as HTMLAnchorElement).href));
  for (const href of hrefs) expect(href).toMatch(/^https?:/);
  // The secret is never sent with a request for something else.
  expect(await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name).join())).not.toContain(link.split("#")[1]);
  expect(await page.evaluate(() => (window as { pwned?: unknown }).pwned)).toBeUndefined();
  expect(wrong).toEqual([]);
  // Something else in the place of the secret is refused.
  await page.goto("about:blank");
  await page.goto(`${server.address}/share/${link.split("/share/")[1]?.split("#")[0]}#<img src=x onerror=window.pwned=16>`);
  await expect(page.getByRole("heading", { name: "Nothing is here" })).toBeVisible();
  expect(await page.evaluate(() => (window as { pwned?: unknown }).pwned)).toBeUndefined();
  await context.close();
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
