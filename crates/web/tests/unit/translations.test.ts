import { describe, expect, it } from "vitest";
import de from "../../src/i18n/de.json";
import en from "../../src/i18n/en.json";
import zh from "../../src/i18n/zh-Hans.json";

describe("translations", () => {
  for (const [language, texts] of Object.entries({ de, "zh-Hans": zh })) {
    it(`say in ${language} everything that English says, with the same values`, () => {
      expect(Object.keys(texts).sort()).toEqual(Object.keys(en).sort());
      for (const [key, text] of Object.entries(en)) {
        const values = (said: string) => (said.match(/\{\{\w+\}\}/g) ?? []).sort();
        expect(values((texts as Record<string, string>)[key] ?? ""), key).toEqual(values(text));
      }
    });
  }
});
