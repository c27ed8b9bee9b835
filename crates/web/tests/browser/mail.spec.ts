import { type Worker, expect, signIn, startOwned, test as base } from "./fixtures";
import { MailSink } from "./mail";
import { PASSWORD, atHome, makeAccount, signInAs } from "./people";

const test = base.extend<object, Worker & { mail: MailSink }>({
  mail: [
    async ({}, use) => {
      const mail = await MailSink.start();
      await use(mail);
      await mail.stop();
    },
    { scope: "worker" },
  ],
  server: [
    async ({ mail }, use) => {
      const server = await startOwned({ ...mail.settings, COLLOQUY_APPLICATION__IDENTITY__REGISTRATION: "open" });
      await use(server);
      await server.stop();
    },
    { scope: "worker" },
  ],
});

test("somebody makes an account and proves the address by mail", async ({ page, mail, expected }) => {
  expected.push(/401/, /422/);
  await page.goto("/login");
  await page.getByRole("link", { name: "Create an account" }).click();
  await page.getByLabel("Your name").fill("Nora");
  await page.getByLabel("E-mail address").fill("nora@example.org");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create my account" }).click();
  await expect(page.locator(".card").getByRole("status")).toContainText("Look into your mailbox");
  const link = await mail.linkTo("nora@example.org", "/verify");
  await page.goto("about:blank");
  await page.goto(link);
  // The secret does not stay where others may see it.
  await expect(page).toHaveURL(/\/verify$/);
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Confirm" }).click();
  await expect(page.locator(".card").getByRole("status")).toContainText("nora@example.org is confirmed.");
  await page.getByRole("link", { name: "To the sign-in page" }).click();
  await signInAs(page, "nora@example.org");
  await atHome(page);
  await expect(page.getByText("What is on your mind, Nora?")).toBeVisible();
});

test("somebody who forgot the password chooses another by mail, once", async ({ page, mail, server, expected }) => {
  expected.push(/4\d\d/);
  await makeAccount(server, { email: "otto@example.org", display_name: "Otto", password: PASSWORD });
  await page.goto("/login");
  await page.getByRole("link", { name: "Forgot your password?" }).click();
  await page.getByLabel("E-mail address").fill("otto@example.org");
  await page.getByRole("button", { name: "Send the mail" }).click();
  await expect(page.locator(".card").getByRole("status")).toContainText("a mail with a link is on its way");
  const link = await mail.linkTo("otto@example.org", "/reset");
  for (const isFirst of [true, false]) {
    await page.goto("about:blank");
    await page.goto(link);
    await page.getByLabel("New password").fill("four green bottles on a wall");
    await page.getByRole("button", { name: "Change the password" }).click();
    if (isFirst) await expect(page.locator(".card").getByRole("status")).toContainText("Your password is changed.");
    else await expect(page.locator("main").getByRole("alert")).toBeVisible();
  }
  await page.goto("/login");
  await signInAs(page, "otto@example.org");
  await expect(page.locator("main").getByRole("alert")).toContainText("wrong");
  await signInAs(page, "otto@example.org", "four green bottles on a wall");
  await atHome(page);
});

test("an address changes once the mail to the new one was followed", async ({ page, mail, server, expected }) => {
  expected.push(/4\d\d/);
  await makeAccount(server, { email: "quinn@example.org", display_name: "Quinn", password: PASSWORD });
  await page.goto("/login");
  await signInAs(page, "quinn@example.org");
  await atHome(page);
  await page.goto("/settings/account");
  const form = page.locator("form").filter({ has: page.getByRole("heading", { name: "Change your e-mail address" }) });
  await form.getByLabel("New e-mail address").fill("quinn@new.example.org");
  await form.getByLabel("Present password").fill(PASSWORD);
  await form.getByRole("button", { name: "Save" }).click();
  await expect(form.getByText("We wrote to quinn@new.example.org.")).toBeVisible();
  await page.goto("about:blank");
  await page.goto(await mail.linkTo("quinn@new.example.org", "/verify"));
  await page.getByRole("button", { name: "Confirm" }).click();
  await expect(page.locator(".card").getByRole("status")).toContainText("quinn@new.example.org is confirmed.");
});

test("an invitation is mailed, and its link is shown too", async ({ page, mail }) => {
  await signIn(page);
  await page.goto("/admin/workspace");
  await page.getByLabel("E-mail address").fill("rosa@example.org");
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await expect(page.locator(".new-key")).toContainText("its link is on its way by mail");
  const link = await page.locator(".new-key code").textContent();
  expect(new URL(link ?? "").href).toBe(new URL(await mail.linkTo("rosa@example.org", "/invitation"), link ?? "").href);
});
