import { defineConfig } from "@playwright/test";

/** Where Debian's Chromium is; nothing is downloaded. */
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

export default defineConfig({
  testDir: "tests/browser",
  outputDir: "../../target/web/results",
  // Each worker has a server and a browser of its own.
  workers: 2,
  fullyParallel: false,
  timeout: 40_000,
  // Fonts are drawn a little differently from one machine to the next.
  expect: { timeout: 10_000, toHaveScreenshot: { animations: "disabled", maxDiffPixelRatio: 0.02 } },
  snapshotPathTemplate: "{testDir}/pictures/{arg}{ext}",
  reporter: [["list"], ["junit", { outputFile: "../../target/web/browser.xml" }]],
  use: {
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    // What it does is tried where it is meant; elsewhere requests can be held up.
    serviceWorkers: "block",
    launchOptions: {
      executablePath,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
