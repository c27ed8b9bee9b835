import { defineConfig } from "@playwright/test";
import base from "./playwright.config";

/** Figures, one after another on a machine that does nothing else; they are printed and never fail. */
export default defineConfig({ ...base, testDir: "tests/bench", testMatch: "*.bench.ts", workers: 1, timeout: 300_000, reporter: "list" });
