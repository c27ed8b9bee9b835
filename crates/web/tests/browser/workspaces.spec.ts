import { OWNER, expect, signIn, startOwned, test } from "./fixtures";
import { PASSWORD, asOwner, atHome, makeAccount, signInAs } from "./people";

test("roles of owners and invitations change only after a question", async ({ chat, server }) => {
  await makeAccount(server, { email: "olaf@example.org", display_name: "Olaf", password: PASSWORD });
  await chat.goto("/admin/workspace");
  const role = chat.getByLabel("Role of Olaf");
  await role.selectOption("admin");
  await expect(chat.getByText("Olaf has the role Administrator now.")).toBeVisible();
  await role.selectOption("owner");
  await chat.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await expect(role).toHaveValue("admin");
  await role.selectOption("owner");
  await chat.getByRole("dialog").getByRole("button", { name: "Change the role" }).click();
  await expect(role).toHaveValue("owner");
  // His account was made here: it is suspended or deleted, not removed.
  await expect(chat.getByRole("button", { name: "Remove Olaf from the workspace" })).toHaveCount(0);
  await chat.getByLabel("E-mail address").fill("guest@example.org");
  await chat.getByRole("button", { name: "Invite", exact: true }).click();
  await expect(chat.locator(".new-key")).toContainText("An invitation for guest@example.org");
  const revoke = chat.getByRole("button", { name: "Revoke the invitation for guest@example.org" });
  await revoke.click();
  await chat.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await revoke.click();
  await chat.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(revoke).toHaveCount(0);
  await expect(chat.locator(".new-key")).toHaveCount(0);
});

test("somebody leaves a workspace, and an owner alone does not", async ({ browser, expected }) => {
  expected.push(/4\d\d/);
  // A server of its own, whose owner ends somewhere else.
  const server = await startOwned();
  const context = await browser.newContext({ baseURL: server.address, serviceWorkers: "block" });
  const page = await context.newPage();
  try {
    await signIn(page);
    await page.goto("/settings/account");
    await expect(page.getByRole("heading", { name: "Change your name" })).toBeVisible();
    await expect(page.getByRole("button", { name: "Leave the workspace" })).toHaveCount(0);
    await asOwner(server, "POST", "/api/v1/workspaces", { name: "Garden club" });
    await page.reload();
    await expect(page.getByText("You are in Home.")).toBeVisible();
    await expect(page.getByRole("button", { name: /^Account:/ })).toContainText("Home");
    await page.getByRole("button", { name: "Leave the workspace" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Leave the workspace" }).click();
    await expect(page.getByRole("status", { name: "Notices" })).toContainText("owner");
    await makeAccount(server, { email: "heir@example.org", display_name: "Heir", password: PASSWORD, role: "admin" });
    const { items } = (await asOwner(server, "GET", "/api/v1/users", undefined)) as { items: { id: string; email: string }[] };
    const heir = items.find(({ email }) => email === "heir@example.org")?.id ?? "";
    await asOwner(server, "PATCH", `/api/v1/users/${heir}`, { role: "owner" });
    await page.getByRole("button", { name: "Leave the workspace" }).click();
    await Promise.all([
      page.waitForEvent("load"),
      page.getByRole("dialog").getByRole("button", { name: "Leave the workspace" }).click(),
    ]);
    // The session was of the workspace, and ended with it.
    await expect(page.getByRole("heading", { name: "Sign in to Colloquy" })).toBeVisible();
    await signInAs(page, OWNER.email, OWNER.password);
    await atHome(page);
    await page.goto("/admin/workspace");
    await expect(page.getByLabel("Name of the workspace").first()).toHaveValue("Garden club");
  } finally {
    await context.close();
    await server.stop();
  }
});

test("whoever signs out everywhere is signed out here too, and leaves no way back", async ({ page, browser, server, expected }) => {
  expected.push(/401/);
  await makeAccount(server, { email: "gone@example.org", display_name: "Gone", password: PASSWORD });
  const context = await browser.newContext({ baseURL: server.address, serviceWorkers: "block" });
  const elsewhere = await context.newPage();
  await elsewhere.goto("/login");
  await signInAs(elsewhere, "gone@example.org");
  await atHome(elsewhere);
  await page.goto("/login");
  await signInAs(page, "gone@example.org");
  await atHome(page);
  await page.goto("/settings/security");
  await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out everywhere" }).click();
  await expect(page.getByRole("heading", { name: "Sign in to Colloquy" })).toBeVisible();
  await expect(page).toHaveURL(`${server.address}/login`);
  await expect(elsewhere.getByRole("dialog", { name: "Sign in again" })).toBeVisible({ timeout: 15_000 });
  await context.close();
});

test("a key may little and ends, unless more is chosen, and viewers make none", async ({ page, server, expected }) => {
  expected.push(/40[13]/);
  await makeAccount(server, { email: "keys@example.org", display_name: "Kay", password: PASSWORD });
  await makeAccount(server, { email: "views@example.org", display_name: "Vera", password: PASSWORD, role: "viewer" });
  await page.goto("/login?next=/settings/api-keys");
  await signInAs(page, "keys@example.org");
  await expect(page.getByRole("checkbox", { name: "Use models" })).toBeChecked();
  await expect(page.getByRole("checkbox", { name: "Write" })).not.toBeChecked();
  // Who may not manage anything gives no key that does.
  await expect(page.getByRole("checkbox", { name: "Administrate" })).toHaveCount(0);
  await page.getByLabel("Name of the key").fill("Least");
  await page.getByRole("button", { name: "Create a key" }).click();
  const row = page.getByRole("row", { name: /Least/ });
  await expect(row).toContainText("Read, Use models");
  await expect(row).toContainText(String(new Date(Date.now() + 90 * 86_400_000).getFullYear()));
  await page.getByRole("button", { name: "Account: Kay" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page).toHaveURL(`${server.address}/login`);
  await page.goto("/login?next=/settings/api-keys");
  await signInAs(page, "views@example.org");
  await expect(page.getByText("As a viewer you have no keys.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Create a key" })).toHaveCount(0);
});

test.describe("in German", () => {
  test.use({ locale: "de-DE" });

  test("what the server refuses is said in German, and typed addresses are taken along", async ({ page, server, expected }) => {
    expected.push(/401/, /422/);
    await makeAccount(server, { email: "gerda@example.org", display_name: "Gerda", password: PASSWORD });
    await page.goto("/login?next=/settings/security");
    await page.getByLabel("E-Mail-Adresse").fill("gerda@example.org");
    await page.getByLabel("Passwort").fill("falsch geraten");
    await page.getByRole("button", { name: "Anmelden", exact: true }).click();
    await expect(page.locator("main").getByRole("alert")).toContainText("Adresse, Passwort oder Code sind falsch");
    await page.getByLabel("Passwort").fill(PASSWORD);
    await page.getByRole("button", { name: "Anmelden", exact: true }).click();
    const form = page.locator("form.narrow-form");
    await form.locator("input[name=current_password]").fill("falsch geraten");
    await form.locator("input[name=password]").fill("vier grüne Flaschen an der Wand");
    await form.getByRole("button").click();
    await expect(form.locator(".error")).toHaveText("Das Passwort ist falsch.");
    await form.locator("input[name=current_password]").fill(PASSWORD);
    await form.locator("input[name=password]").fill("kurz");
    await form.getByRole("button").click();
    await expect(form.locator(".error")).toHaveText("Mindestens 8 Zeichen.");
  });
});
