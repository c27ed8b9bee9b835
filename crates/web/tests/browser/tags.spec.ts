import type { Locator, Page } from "@playwright/test";
import { OWNER, expect, test } from "./fixtures";
import { asOwner, makeChat } from "./people";

const sidebar = (page: Page) => page.getByRole("navigation", { name: "Conversations" });
const link = (page: Page, title: string) => sidebar(page).getByRole("link", { name: title, exact: true });
const picker = (page: Page) => page.getByRole("dialog", { name: "Tags" });
const search = (page: Page) => picker(page).getByRole("combobox");
const option = (page: Page, name: string) => picker(page).getByRole("option", { name, exact: true });
const tagFilter = (page: Page, name: string) => sidebar(page).getByRole("region", { name: "Tags" }).getByRole("button", { name, exact: true });

async function openMenu(page: Page, title: string): Promise<void> {
  await link(page, title).hover();
  await page.getByRole("button", { name: `More for “${title}”` }).click();
  await page.getByRole("menuitem", { name: "Tags …" }).click();
  await expect(search(page)).toBeFocused();
}

const refuse = (page: Page, path: RegExp, methods: string[]) =>
  page.route(path, (route) =>
    methods.includes(route.request().method())
      ? route.fulfill({
          status: 503,
          contentType: "application/problem+json",
          body: JSON.stringify({ type: "/problems/overloaded", title: "Overloaded", status: 503, detail: "Too much is going on.", trace_id: "0" }),
        })
      : route.continue(),
  );

test("tags are made and given in the menu of a chat, shown on it, and narrow the list down", async ({ chat, server }) => {
  for (const title of ["Sowing in March", "Holiday plans"]) await makeChat(server, title);
  await openMenu(chat, "Sowing in March");
  await search(chat).fill("Kitchen garden");
  await chat.keyboard.press("Enter");
  await expect(option(chat, "Kitchen garden")).toHaveAttribute("aria-selected", "true");
  await chat.keyboard.press("Escape");
  await expect(picker(chat)).toBeHidden();
  await expect(chat.getByRole("button", { name: "More for “Sowing in March”" })).toBeFocused();
  await link(chat, "Sowing in March").click();
  await expect(chat.getByRole("button", { name: "Tags: Kitchen garden" })).toBeVisible();
  await tagFilter(chat, "Kitchen garden").click();
  await expect(tagFilter(chat, "Kitchen garden")).toHaveAttribute("aria-pressed", "true");
  await expect(link(chat, "Sowing in March")).toBeVisible();
  await expect(link(chat, "Holiday plans")).toBeHidden();
  // What loses the tag leaves the list at once, here or elsewhere.
  await chat.getByRole("button", { name: "Tags: Kitchen garden" }).click();
  await option(chat, "Kitchen garden").click();
  await expect(link(chat, "Sowing in March")).toBeHidden();
  await expect(chat.getByText("No chat is like that.")).toBeVisible();
  await option(chat, "Kitchen garden").click();
  await expect(link(chat, "Sowing in March")).toBeVisible();
  await chat.keyboard.press("Escape");
  await chat.getByRole("button", { name: "Remove the filter: Kitchen garden" }).click();
  await expect(link(chat, "Holiday plans")).toBeVisible();
  await chat.reload();
  await expect(chat.getByRole("button", { name: "Tags: Kitchen garden" })).toBeVisible();
});

test("tags are renamed, colored and deleted, and a name is there once", async ({ chat, server, expected }) => {
  expected.push(/409/);
  await asOwner(server, "POST", "/api/v1/tags", { name: "Errands" });
  await asOwner(server, "POST", "/api/v1/tags", { name: "Reading" });
  await sidebar(chat).getByRole("button", { name: "Manage tags" }).click();
  const dialog = chat.getByRole("dialog", { name: "Manage tags" });
  await dialog.getByLabel("Name of Reading").fill("Books");
  await chat.keyboard.press("Enter");
  // At once: neither change waits for the other.
  await dialog.getByLabel("Color of Books").selectOption("green");
  await expect(dialog.getByLabel("Name of Books")).toHaveValue("Books");
  await expect(dialog.getByLabel("Color of Books")).toHaveValue("green");
  // Whatever the case, another has this name; it stays as it was.
  await dialog.getByLabel("Name of Books").fill("ERRANDS");
  await chat.keyboard.press("Enter");
  await expect(chat.getByText("The change was not saved.")).toBeVisible();
  await expect(dialog.getByLabel("Name of Books")).toHaveValue("Books");
  await dialog.getByLabel("New tag").fill("Garage");
  await dialog.getByLabel("Color", { exact: true }).selectOption("purple");
  await dialog.getByRole("button", { name: "Create", exact: true }).click();
  await expect(dialog.getByLabel("Color of Garage")).toHaveValue("purple");
  await dialog.getByRole("button", { name: "Delete Books" }).click();
  await chat.getByRole("dialog", { name: "Delete the tag “Books”?" }).getByRole("button", { name: "Delete" }).click();
  await expect(dialog.getByLabel("Name of Books")).toBeHidden();
  await chat.keyboard.press("Escape");
  await chat.reload();
  await expect(tagFilter(chat, "Garage")).toBeVisible();
  await expect(tagFilter(chat, "Books")).toBeHidden();
});

test("a tag that the server does not take is taken back", async ({ chat, server, expected }) => {
  expected.push(/503/);
  await makeChat(server, "Stays without");
  await asOwner(server, "POST", "/api/v1/tags", { name: "Refused" });
  await refuse(chat, /\/conversations\/[^/]+\/tags\//, ["PUT"]);
  await openMenu(chat, "Stays without");
  await option(chat, "Refused").click();
  await expect(chat.getByText("The change was not saved.")).toBeVisible();
  await expect(option(chat, "Refused")).toHaveAttribute("aria-selected", "false");
});

test("several chats are tagged, and moved to a project, at once", async ({ chat, server }) => {
  await asOwner(server, "POST", "/api/v1/tags", { name: "Together" });
  await asOwner(server, "POST", "/api/v1/projects", { name: "Greenhouse" });
  for (const title of ["Many 1", "Many 2", "Many 3"]) await makeChat(server, title);
  await chat.reload();
  const select = async (titles: string[]) => {
    await sidebar(chat).getByRole("button", { name: "Select several" }).click();
    for (const title of titles) await chat.getByRole("checkbox", { name: `Select “${title}”` }).check();
  };
  const act = (name: string) => chat.getByRole("toolbar", { name: "Select several" }).getByRole("button", { name }).click();
  await select(["Many 1"]);
  await act("Tags …");
  await option(chat, "Together").click();
  await chat.keyboard.press("Escape");
  await chat.getByRole("checkbox", { name: "Select “Many 2”" }).check();
  // One of the two has it: choosing it gives it to both.
  await act("Tags …");
  await expect(picker(chat).getByRole("option", { name: "Together on some of them" })).toHaveAttribute("aria-selected", "false");
  await picker(chat).getByRole("option", { name: /^Together/ }).click();
  await expect(option(chat, "Together")).toHaveAttribute("aria-selected", "true");
  await chat.keyboard.press("Escape");
  await act("Move to a project …");
  await chat.getByRole("dialog").getByLabel("Project").selectOption({ label: "Greenhouse" });
  await chat.getByRole("dialog").getByRole("button", { name: "Move" }).click();
  await tagFilter(chat, "Together").click();
  await expect(link(chat, "Many 1")).toBeVisible();
  await expect(link(chat, "Many 2")).toBeVisible();
  await expect(link(chat, "Many 3")).toBeHidden();
  await sidebar(chat).getByRole("link", { name: "Greenhouse" }).click();
  await expect(chat.getByRole("region", { name: "Chats of the project" }).getByRole("link")).toHaveCount(2);
});

test("the list is narrowed down to what is pinned, or in a project", async ({ chat, server }) => {
  const { id: project_id } = (await asOwner(server, "POST", "/api/v1/projects", { name: "Cellar" })) as { id: string };
  await makeChat(server, "In the cellar", { project_id });
  await asOwner(server, "PATCH", `/api/v1/conversations/${await makeChat(server, "Pinned above")}`, { pinned: true });
  await makeChat(server, "Neither of both");
  await chat.reload();
  const filters = chat.getByRole("dialog", { name: "Filters" });
  const open = () => sidebar(chat).getByRole("button", { name: "Filters", exact: true }).click();
  await open();
  await filters.getByLabel("Chats").selectOption("Pinned only");
  await expect(link(chat, "Pinned above")).toBeVisible();
  await expect(link(chat, "Neither of both")).toBeHidden();
  await filters.getByLabel("Chats").selectOption("All");
  await filters.getByLabel("Project").selectOption("Cellar");
  await expect(link(chat, "In the cellar")).toBeVisible();
  await expect(link(chat, "Pinned above")).toBeHidden();
  await chat.keyboard.press("Escape");
  await expect(sidebar(chat).getByRole("button", { name: "Filters", exact: true })).toBeFocused();
  await chat.getByRole("button", { name: "Remove the filter: Cellar" }).click();
  await expect(link(chat, "Neither of both")).toBeVisible();
});

test("tags follow what is done elsewhere", async ({ chat, server }) => {
  const id = await makeChat(server, "Watched from afar");
  await chat.goto(`/c/${id}`);
  const tag = (await asOwner(server, "POST", "/api/v1/tags", { name: "Elsewhere" })) as { id: string };
  await expect(tagFilter(chat, "Elsewhere")).toBeVisible();
  await asOwner(server, "PUT", `/api/v1/conversations/${id}/tags/${tag.id}`, undefined);
  await expect(chat.getByRole("button", { name: "Tags: Elsewhere" })).toBeVisible();
  await asOwner(server, "PATCH", `/api/v1/tags/${tag.id}`, { name: "Anywhere" });
  await expect(chat.getByRole("button", { name: "Tags: Anywhere" })).toBeVisible();
});

test("the keyboard is enough to tag", async ({ chat, server }) => {
  await chat.goto(`/c/${await makeChat(server, "By hand only")}`);
  const button: Locator = chat.getByRole("main").getByRole("button", { name: /^Tags/ });
  await button.focus();
  await chat.keyboard.press("Enter");
  await expect(search(chat)).toBeFocused();
  await chat.keyboard.type("One by hand");
  await chat.keyboard.press("Enter");
  await expect(option(chat, "One by hand")).toHaveAttribute("aria-selected", "true");
  await chat.keyboard.type("by hand");
  await chat.keyboard.press("Enter");
  await expect(option(chat, "One by hand")).toHaveAttribute("aria-selected", "false");
  await chat.keyboard.press("ArrowDown");
  await expect(picker(chat).getByRole("option", { name: "Create “by hand”" })).toHaveAttribute("data-active", "true");
  await chat.keyboard.press("Escape");
  await expect(button).toBeFocused();
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, locale: "de-DE" });

  test("tags are managed, and nothing is cut off", async ({ page, server }) => {
    await asOwner(server, "POST", "/api/v1/tags", { name: "Ein recht langes Schlagwort für kleine Geräte" });
    await page.goto("/login");
    await page.locator("input[name=email]").fill(OWNER.email);
    await page.locator("input[name=password]").fill(OWNER.password);
    await page.getByRole("button", { name: "Anmelden", exact: true }).tap();
    await page.getByRole("button", { name: "Seitenleiste einblenden" }).tap();
    await page.getByRole("button", { name: "Schlagwörter verwalten" }).tap();
    const dialog = page.getByRole("dialog", { name: "Schlagwörter verwalten" });
    await expect(dialog.getByRole("button", { name: /^Ein recht langes .* löschen$/ })).toBeVisible();
    expect(await dialog.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
    await page.screenshot({ path: "../../target/web/screens/phone-tags.png" });
  });
});
