import { expect, test as bare } from "@playwright/test";
import { test, watch } from "./fixtures";
import { PASSWORD, atHome, makeAccount, signInAs, totp } from "./people";
import { Server } from "./server";
import { OWNER } from "./fixtures";

test("a device is set up, asked for, and takes the place of nothing but itself", async ({ page, server, expected }) => {
  test.setTimeout(90_000);
  // Few things go wrong here: an account has ten attempts a minute.
  expected.push(/401/, /422/);
  await makeAccount(server, { email: "totp@example.org", display_name: "Tove", password: PASSWORD });
  await page.goto("/login?next=/settings/security");
  await signInAs(page, "totp@example.org");
  await page.getByRole("button", { name: "Set up an authenticator app" }).click();
  await page.getByRole("dialog").getByLabel("Present password").fill(PASSWORD);
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByRole("img", { name: /QR code/ })).toBeVisible();
  await page.getByText("Type it in instead").click();
  const secret = (await page.locator(".by-hand code").textContent()) ?? "";
  await page.getByLabel("Code", { exact: true }).fill(totp(secret));
  await page.getByRole("button", { name: "Turn on" }).click();
  await expect(page.getByText("Your recovery codes")).toBeVisible();
  const codes = await page.locator(".codes code").allTextContents();
  expect(codes.length).toBeGreaterThan(5);
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download", exact: true }).click();
  expect((await saving).suggestedFilename()).toBe("colloquy-recovery-codes.txt");
  await page.getByRole("button", { name: "I have kept them" }).click();
  await expect(page.getByText(/Codes are asked for since/)).toBeVisible();
  await expect(page.getByText(codes[0] ?? "")).toHaveCount(0);

  await page.context().clearCookies();
  await page.goto("/login");
  await signInAs(page, "totp@example.org");
  const field = page.getByLabel("Code", { exact: true });
  await expect(field).toHaveAttribute("autocomplete", "one-time-code");
  await expect(field).toBeFocused();
  await field.fill("000000");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("code is not right");
  // The first one was used up by the set-up; the next one counts already.
  await field.fill(totp(secret, Date.now() + 30_000));
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await atHome(page);

  await page.context().clearCookies();
  await page.goto("/login");
  await signInAs(page, "totp@example.org");
  await page.getByRole("button", { name: "Use a recovery code" }).click();
  await page.getByLabel("Recovery code").fill(codes[0] ?? "");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await atHome(page);
  await page.goto("/settings/security");
  await page.getByRole("button", { name: "Turn codes off" }).click();
  await page.getByRole("dialog").getByLabel("Present password").fill(PASSWORD);
  await page.getByRole("dialog").getByLabel("Code").fill(codes[1] ?? "");
  await page.getByRole("dialog").getByRole("button", { name: "Turn codes off" }).click();
  await expect(page.getByRole("button", { name: "Set up an authenticator app" })).toBeVisible();
});

test("sessions are listed and ended, one and all, and drafts stay where they are typed", async ({ page, server, browser, expected }) => {
  expected.push(/401/);
  await makeAccount(server, { email: "sessions@example.org", display_name: "Sven", password: PASSWORD });
  await page.goto("/login");
  await signInAs(page, "sessions@example.org");
  await atHome(page);
  const other = await browser.newContext({ baseURL: server.address, serviceWorkers: "block" });
  const elsewhere = await other.newPage();
  await elsewhere.goto("/login");
  await signInAs(elsewhere, "sessions@example.org");
  await atHome(elsewhere);
  await elsewhere.getByRole("textbox", { name: "Message", exact: true }).fill("Half a thought");
  await page.goto("/settings/security");
  const list = page.getByRole("group", { name: "Where you are signed in" });
  await expect(list.getByText("This one")).toHaveCount(1);
  await expect(list.getByRole("row")).toHaveCount(3);
  await list.getByRole("button", { name: /^Sign out/ }).click();
  await expect(list.getByRole("row")).toHaveCount(2);
  // Elsewhere the page asks to sign in again, over what was typed.
  await expect(elsewhere.getByRole("dialog", { name: "Sign in again" })).toBeVisible({ timeout: 15_000 });
  await elsewhere.getByLabel("Password").fill(PASSWORD);
  await elsewhere.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(elsewhere.getByRole("textbox", { name: "Message", exact: true })).toHaveValue("Half a thought");
  await page.reload();
  await expect(list.getByRole("row")).toHaveCount(3);
  await page.getByRole("button", { name: "Sign out everywhere else" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out everywhere else" }).click();
  await expect(list.getByRole("row")).toHaveCount(2);
  await expect(elsewhere.getByRole("dialog", { name: "Sign in again" })).toBeVisible({ timeout: 15_000 });
  await other.close();
});

test("a name, a password and an account change by their person's hand", async ({ page, server, expected }) => {
  expected.push(/401/, /422/);
  await makeAccount(server, { email: "own@example.org", display_name: "Olga", password: PASSWORD });
  await page.goto("/login?next=/settings/account");
  await signInAs(page, "own@example.org");
  const name = page.getByLabel("Name", { exact: true });
  await name.fill("Olga the Second");
  await page.getByRole("button", { name: "Save" }).first().click();
  await expect(page.getByText("Saved.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Account: Olga the Second" })).toBeVisible();
  await page.goto("/settings/security");
  await page.getByLabel("Present password").fill(PASSWORD);
  await page.getByLabel("New password").fill("another fine password");
  await page.getByRole("button", { name: "Change the password" }).click();
  await expect(page.getByText(/The password is changed/)).toBeVisible();
  await page.goto("/settings/data");
  const saving = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download everything" }).click();
  expect((await saving).suggestedFilename()).toBe("colloquy.json");
  await page.getByRole("button", { name: "Delete my account" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/^Type own@example.org/).fill("somebody@example.org");
  await dialog.getByLabel("Present password").fill("another fine password");
  await dialog.getByRole("button", { name: "Delete my account" }).click();
  await expect(dialog.getByRole("alert")).toContainText("not your e-mail address");
  await dialog.getByLabel(/^Type own@example.org/).fill("own@example.org");
  await dialog.getByRole("button", { name: "Delete my account" }).click();
  await expect(page.getByRole("heading", { name: "Sign in to Colloquy" })).toBeVisible();
  await signInAs(page, "own@example.org", "another fine password");
  await expect(page.getByRole("alert")).toBeVisible();
});

bare("a passkey is added, signs in without a password, and is removed", async ({ page }) => {
  bare.setTimeout(60_000);
  const server = await Server.start();
  try {
    // Browsers keep passkeys for names.
    const address = server.address.replace("127.0.0.1", "localhost");
    const wrong: string[] = [];
    watch(page, address, wrong);
    const browser = await page.context().newCDPSession(page);
    await browser.send("WebAuthn.enable");
    const { authenticatorId } = await browser.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    await page.goto(`${address}/setup#token=${server.setUpLink.split("token=")[1]}`);
    await page.getByLabel("Your name").fill("Ada");
    await page.getByLabel("E-mail address").fill(OWNER.email);
    await page.getByLabel("Password").fill(OWNER.password);
    await page.getByRole("button", { name: "Create my account" }).click();
    await atHome(page);
    await page.goto(`${address}/settings/security`);
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("Test device");
    await page.getByRole("dialog").getByLabel("Present password").fill(OWNER.password);
    await page.getByRole("dialog").getByRole("button", { name: "Add a passkey" }).click();
    const passkeys = page.getByRole("group", { name: "Passkeys" });
    await expect(passkeys.getByText("Test device")).toBeVisible();
    // Nothing is being asked for when the cookie goes.
    await page.goto("about:blank");
    await page.context().clearCookies();
    await page.goto(`${address}/login`);
    // The device answers by itself what is offered quietly, sooner than a person could press the button.
    await atHome(page);
    // With a device that waits for its person, the button does.
    await browser.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled: false });
    await page.goto("about:blank");
    await page.context().clearCookies();
    const asked = page.waitForResponse(/passkey\/challenge/);
    await page.goto(`${address}/login`);
    await asked;
    // What was offered quietly goes on waiting; what is asked for now is answered.
    await page.waitForTimeout(500);
    await browser.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled: true });
    const askedAgain = page.waitForResponse(/passkey\/challenge/);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await askedAgain;
    await atHome(page);
    await page.goto(`${address}/settings/security`);
    await expect(passkeys.getByText("Never")).toHaveCount(0);
    await passkeys.getByRole("button", { name: "Rename Test device" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("My phone");
    await page.getByRole("button", { name: "Save" }).click();
    await passkeys.getByRole("button", { name: "Remove My phone" }).click();
    await page.getByRole("dialog").getByLabel("Present password").fill(OWNER.password);
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await expect(passkeys).toHaveCount(0);
    expect(wrong).toEqual([]);
  } finally {
    await server.stop();
  }
});
