import AxeBuilder from "@axe-core/playwright";
import { answers, expect, newChat, say, test } from "./fixtures";

test("diagrams are drawn once somebody sees them, and what is none stays its source", async ({ chat, expected }) => {
  // What the frame is kept from.
  expected.push(/connect-src|img-src|Fetch API cannot load|another host: .*steal\.png/);
  const kept: (string | undefined)[] = [];
  chat.on("requestfailed", (request) => request.url().endsWith("steal.png") && kept.push(request.failure()?.errorText));
  const loaded: string[] = [];
  chat.on("request", (request) => loaded.push(new URL(request.url()).pathname));
  const ofDiagrams = () => loaded.filter((path) => path === "/diagram.html" || path.startsWith("/assets/diagrams/"));
  await newChat(chat, "rich");
  await say(chat, "Without a diagram");
  await expect(chat.getByRole("button", { name: "Answer again", exact: true })).toBeVisible();
  expect(ofDiagrams()).toEqual([]);
  await newChat(chat, "drawn");
  await say(chat, "Draw it");
  await expect(answers(chat)).toContainText("local/drawn");
  const thread = chat.getByRole("region", { name: "Messages" });
  const diagrams = answers(chat).getByRole("img", { name: "Diagram" });
  await thread.evaluate((element) => element.scrollTo(0, 0));
  await expect(diagrams.first()).toBeVisible({ timeout: 20_000 });
  await expect(async () => {
    await thread.evaluate((element) => element.scrollBy(0, 300));
    await expect(diagrams).toHaveCount(3, { timeout: 500 });
  }).toPass();
  for (const diagram of await diagrams.all()) {
    await expect(diagram).toHaveAttribute("src", /^data:image\/svg\+xml,/);
    expect(await diagram.evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth > 0)).toBe(true);
  }
  const first = decodeURIComponent((await diagrams.first().getAttribute("src")) ?? "");
  for (const word of ["Seed", "Sprout", "yes"]) expect(first).toContain(word);
  await expect(answers(chat).locator("pre")).toContainText(["A[Seed --> ]]", "Stolen"]);
  await expect(chat.locator(".thread :is(svg svg, iframe, script, object, embed)")).toHaveCount(0);
  expect(kept).toEqual(["csp"]);
  // One frame for all of them, which has no origin and nothing of ours.
  await expect(chat.locator("iframe")).toHaveCount(1);
  const frame = chat.frames().find((one) => one.url().endsWith("/diagram.html"));
  expect(await frame?.evaluate(() => self.origin)).toBe("null");
  const reached = await frame?.evaluate(async () => {
    const tried = async (work: () => unknown) => {
      try {
        await work();
        return true;
      } catch {
        return false;
      }
    };
    return [await tried(() => parent.document.body), await tried(() => localStorage.length), await tried(() => fetch("/api/v1/me"))];
  });
  expect(reached).toEqual([false, false, false]);
  await diagrams.first().scrollIntoViewIfNeeded();
  await answers(chat).getByRole("button", { name: "Show the source" }).first().click();
  await expect(answers(chat).locator("pre").first()).toContainText("Warm enough?");
  await answers(chat).getByRole("button", { name: "Show the diagram" }).click();
  await expect(diagrams.first()).toBeVisible();
  const { violations } = await new AxeBuilder({ page: chat }).analyze();
  expect(violations.map(({ id, nodes }) => ({ id, html: nodes[0]?.html }))).toEqual([]);
  // In the other theme it is another picture.
  const light = await diagrams.first().getAttribute("src");
  await chat.emulateMedia({ colorScheme: "dark" });
  await expect(diagrams.first()).not.toHaveAttribute("src", light ?? "");
});

test("the page that draws may be framed by this server alone, and has no network", async ({ server }) => {
  const page = await fetch(`${server.address}/diagram.html`);
  const policy = page.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'; script-src 'self';");
  expect(policy).toContain("sandbox allow-scripts");
  expect(policy).toContain("frame-ancestors 'self'");
  expect(policy).not.toContain("connect-src");
  expect(page.headers.get("x-frame-options")).toBe("SAMEORIGIN");
  const [, script] = /src="(\/assets\/diagrams\/[^"]+)"/.exec(await page.text()) ?? [];
  const asset = await fetch(server.address + script);
  expect(asset.status).toBe(200);
  expect(asset.headers.get("cache-control")).toContain("immutable");
  expect((await fetch(`${server.address}/assets/diagrams/nothing.js`)).status).toBe(404);
});
