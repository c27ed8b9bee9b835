import { expect, test } from "./fixtures";
import { PASSWORD, asOwner, atHome, makeAccount, signInAs, totp } from "./people";

test("an administrator adds somebody, who begins with a link", async ({ chat, browser, server }) => {
  await chat.goto("/admin/people");
  const form = chat.locator("form.add-person");
  await form.getByLabel("Name").fill("Bea");
  await form.getByLabel("E-mail address").fill("bea@example.org");
  await form.getByRole("button", { name: "Create the account" }).click();
  const link = (await form.locator(".new-key code").textContent()) ?? "";
  expect(link).toContain("/activate#token=");
  await expect(chat.getByRole("row", { name: /Bea/ })).toContainText("Pending");
  const context = await browser.newContext({ serviceWorkers: "block" });
  const page = await context.newPage();
  await page.goto(link.replace(/^https?:\/\/[^/]+/, server.address));
  await expect(page).toHaveURL(`${server.address}/activate`);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Begin" }).click();
  await atHome(page);
  await context.close();
  await chat.reload();
  await expect(chat.getByRole("row", { name: /Bea/ })).toContainText("Active");
  await chat.getByRole("button", { name: "Manage Bea" }).click();
  await chat.getByRole("button", { name: "Suspend" }).click();
  await chat.getByRole("alert").getByRole("button", { name: "Suspend" }).click();
  await expect(chat.getByRole("dialog").getByText("Bea is suspended.")).toBeVisible();
  await chat.keyboard.press("Escape");
  await expect(chat.getByRole("row", { name: /Bea/ })).toContainText("Suspended");
  await chat.getByLabel("State").selectOption("suspended");
  await expect(chat.getByRole("row")).toHaveCount(2);
});

test("a link for a new password works once", async ({ chat, browser, server }) => {
  await makeAccount(server, { email: "lost@example.org", display_name: "Lothar", password: PASSWORD });
  await chat.goto("/admin/people");
  await chat.getByRole("button", { name: "Manage Lothar" }).click();
  await chat.getByRole("button", { name: "Link for a new password" }).click();
  const link = ((await chat.locator("dialog .new-key code").textContent()) ?? "").replace(/^https?:\/\/[^/]+/, server.address);
  const context = await browser.newContext({ serviceWorkers: "block" });
  const page = await context.newPage();
  for (const [password, isFirst] of [
    ["the very next password", true],
    ["the one after that", false],
  ] as const) {
    await page.goto("about:blank");
    await page.goto(link);
    await expect(page).toHaveURL(`${server.address}/reset`);
    await page.getByLabel("New password").fill(password);
    await page.getByRole("button", { name: "Change the password" }).click();
    if (isFirst) await expect(page.getByRole("main")).toContainText("Sign in with the new one");
    else await expect(page.getByRole("alert")).toContainText("does not work");
  }
  await page.goto(`${server.address}/login`);
  await signInAs(page, "lost@example.org", "the very next password");
  await atHome(page);
  await page.goto(`${server.address}/reset`);
  await expect(page.getByRole("heading", { name: "Open the link again" })).toBeVisible();
  await context.close();
});

test("somebody follows an invitation, and somebody else joins a second workspace", async ({ chat, browser, server, expected }) => {
  expected.push(/401/, /403/);
  await chat.goto("/admin/workspace");
  await chat.getByLabel("E-mail address").fill("carl@example.org");
  await chat.getByRole("button", { name: "Invite", exact: true }).click();
  const link = ((await chat.locator(".new-key code").textContent()) ?? "").replace(/^https?:\/\/[^/]+/, server.address);
  const context = await browser.newContext({ serviceWorkers: "block" });
  const page = await context.newPage();
  await page.goto(link);
  await expect(page).toHaveURL(`${server.address}/invitation`);
  await expect(page.getByText("Ada invites carl@example.org")).toBeVisible();
  await page.getByLabel("Your name").fill("Carl");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create my account" }).click();
  await atHome(page);
  // Carl has a workspace of his own when the owner founds one and invites him there.
  await chat.getByRole("heading", { name: "Another workspace" }).scrollIntoViewIfNeeded();
  await chat.getByLabel("Name of the workspace").last().fill("Garden club");
  await Promise.all([chat.waitForEvent("load"), chat.getByRole("button", { name: "Found it" }).click()]);
  await atHome(chat);
  await chat.goto("/admin/workspace");
  await expect(chat.getByLabel("Name of the workspace").first()).toHaveValue("Garden club");
  await chat.getByLabel("E-mail address").fill("carl@example.org");
  await chat.getByRole("button", { name: "Invite", exact: true }).click();
  const second = ((await chat.locator(".new-key code").textContent()) ?? "").replace(/^https?:\/\/[^/]+/, server.address);
  await page.goto(second);
  await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: "Join" }).click()]);
  await atHome(page);
  await page.getByRole("button", { name: /^Account:/ }).click();
  await Promise.all([page.waitForEvent("load"), page.getByRole("menuitem", { name: "Home" }).click()]);
  await atHome(page);
  await page.getByRole("button", { name: /^Account:/ }).click();
  await expect(page.getByRole("menuitem", { name: /Home/ })).toContainText("(here)");
  await context.close();
  // Back home, for the tests after this one.
  await chat.getByRole("button", { name: /^Account:/ }).click();
  await Promise.all([chat.waitForEvent("load"), chat.getByRole("menuitem", { name: "Home" }).click()]);
  await atHome(chat);
});

test("a provider is connected, tested, changed and removed; the audit log tells of it", async ({ chat, expected }) => {
  expected.push(/4\d\d/);
  await chat.goto("/admin/providers");
  await expect(chat.getByRole("row", { name: /local/ })).toContainText("From the settings");
  await chat.getByRole("button", { name: "Add a provider" }).click();
  const dialog = chat.getByRole("dialog");
  await dialog.getByLabel("Name").fill("nowhere");
  await dialog.getByLabel("Protocol").selectOption("openai-compatible");
  // Only public hosts, unless the settings say otherwise.
  await dialog.getByLabel("Address").fill("http://127.0.0.1:9/v1");
  await dialog.getByRole("button", { name: "Connect" }).click();
  await expect(dialog.locator(".error")).toBeVisible();
  await dialog.getByLabel("Address").fill("https://nowhere.invalid/v1");
  await dialog.getByLabel("API key").fill("sk-test");
  await dialog.getByRole("button", { name: "Connect" }).click();
  await expect(dialog).toHaveCount(0);
  const row = chat.getByRole("row", { name: /nowhere/ });
  // It is tried at once, and again when one wants to.
  await expect(row.locator(".error").first()).toBeVisible({ timeout: 15_000 });
  await chat.getByRole("button", { name: "Test nowhere" }).click();
  await expect(row.locator(".error").first()).toBeVisible({ timeout: 15_000 });
  await chat.getByRole("button", { name: "Turn nowhere off" }).click();
  await expect(row).toContainText("Turned off");
  await chat.getByRole("button", { name: "Remove nowhere" }).click();
  await chat.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await expect(row).toHaveCount(0);
  await chat.goto("/admin/audit");
  await expect(chat.getByRole("row").nth(1)).toBeVisible();
  await chat.getByLabel("What", { exact: true }).selectOption({ label: "Model providers: all" });
  await chat.getByRole("button", { name: "Show", exact: true }).click();
  await expect(chat.getByRole("row").nth(1)).toContainText("Provider removed");
  await chat.getByRole("button", { name: /^More about/ }).first().click();
  await expect(chat.getByRole("dialog", { name: "Provider removed" })).toContainText('"name": "nowhere"');
  await chat.keyboard.press("Escape");
  const saving = chat.waitForEvent("download");
  await chat.getByRole("button", { name: "Download as JSON lines" }).click();
  expect((await saving).suggestedFilename()).toBe("audit.jsonl");
});

test("a project keeps chats together and shows them to whom it should", async ({ chat, browser, server, expected }) => {
  expected.push(/403/, /404/);
  await makeAccount(server, { email: "petra@example.org", display_name: "Petra", password: PASSWORD });
  await asOwner(server, "POST", "/api/v1/conversations", { title: "Seeds for spring" });
  await chat.goto("/");
  await chat.getByRole("button", { name: "New project" }).click();
  await chat.getByRole("dialog").getByLabel("Name").fill("Balcony");
  await chat.getByRole("dialog").getByRole("button", { name: "Create" }).click();
  await expect(chat.getByRole("heading", { level: 1, name: "Balcony" })).toBeVisible();
  await expect(chat.getByText("No chat is in this project yet.")).toBeVisible();
  await chat.getByRole("button", { name: "More for “Seeds for spring”" }).focus();
  await chat.keyboard.press("Enter");
  await chat.getByRole("menuitem", { name: "Move to a project …" }).click();
  await chat.getByRole("dialog").getByLabel("Project").selectOption({ label: "Balcony" });
  const moved = chat.waitForResponse((answer) => answer.request().method() === "PATCH");
  await chat.getByRole("dialog").getByRole("button", { name: "Move" }).click();
  await moved;
  await chat.goto("/");
  await chat.getByRole("region", { name: "Projects" }).getByRole("link", { name: "Balcony", exact: true }).click();
  await expect(chat.getByRole("region", { name: "Chats of the project" }).getByRole("link")).toContainText("Seeds for spring");
  await chat.getByRole("button", { name: "People" }).click();
  await chat.getByRole("dialog").getByLabel("Add somebody of the workspace").selectOption({ label: "Petra" });
  await chat.getByRole("dialog").getByRole("button", { name: "Add" }).click();
  await expect(chat.getByLabel("What Petra may do")).toHaveValue("read");
  const context = await browser.newContext({ baseURL: server.address, serviceWorkers: "block" });
  const page = await context.newPage();
  await page.goto("/login");
  await signInAs(page, "petra@example.org");
  await atHome(page);
  await page.getByRole("link", { name: "Balcony", exact: true }).click();
  await expect(page.getByRole("link", { name: /Seeds for spring/ })).toContainText("by somebody else");
  await expect(page.getByRole("button", { name: "Delete" })).toHaveCount(0);
  await page.getByRole("link", { name: /Seeds for spring/ }).click();
  await expect(page.getByText("In this project you may read it.")).toBeVisible();
  // Nothing is offered that Petra may not do.
  for (const name of ["Share", "Instructions and parameters", "More for “Seeds for spring”"]) {
    await expect(page.getByRole("button", { name, exact: true })).toHaveCount(0);
  }
  await expect(page.getByRole("button", { name: /^Model:/ })).toHaveCount(0);
  await expect(page.getByRole("textbox", { name: "Message", exact: true })).toHaveCount(0);
  await context.close();
});

test("an administrator removes the second factors of somebody who lost them", async ({ chat, browser, server }) => {
  await makeAccount(server, { email: "tess@example.org", display_name: "Tess", password: PASSWORD });
  const context = await browser.newContext({ baseURL: server.address, serviceWorkers: "block" });
  const page = await context.newPage();
  await page.goto("/login?next=/settings/security");
  await signInAs(page, "tess@example.org");
  await page.getByRole("button", { name: "Set up an authenticator app" }).click();
  await page.getByRole("dialog").getByLabel("Present password").fill(PASSWORD);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("Type it in instead").click();
  await page.getByLabel("Code", { exact: true }).fill(totp((await page.locator(".by-hand code").textContent()) ?? ""));
  await page.getByRole("button", { name: "Turn on" }).click();
  await expect(page.getByText("Your recovery codes")).toBeVisible();
  await chat.goto("/admin/people");
  await chat.getByRole("button", { name: "Manage Tess" }).click();
  await chat.getByRole("button", { name: "Remove second factors" }).click();
  await expect(chat.getByRole("alert")).toContainText("signed out everywhere");
  await chat.getByRole("alert").getByRole("button", { name: "Cancel" }).click();
  await chat.getByRole("button", { name: "Remove second factors" }).click();
  await chat.getByRole("alert").getByRole("button", { name: "Remove second factors" }).click();
  await expect(chat.getByRole("status").filter({ hasText: "Tess signs in with the password alone now." })).toBeVisible();
  await page.goto("/login");
  await signInAs(page, "tess@example.org");
  await atHome(page);
  await context.close();
});

test("somebody who may only read is offered nothing else", async ({ browser, server }) => {
  await makeAccount(server, { email: "vera@example.org", display_name: "Vera", password: PASSWORD, role: "viewer" });
  const context = await browser.newContext({ baseURL: server.address, serviceWorkers: "block" });
  const page = await context.newPage();
  await page.goto("/login");
  await signInAs(page, "vera@example.org");
  await expect(page.getByText("You may read here, but not write.")).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Message", exact: true })).toHaveCount(0);
  for (const name of ["New project", "Select several", "Instructions and parameters", "Review some code"]) {
    await expect(page.getByRole("button", { name })).toHaveCount(0);
  }
  await context.close();
});
