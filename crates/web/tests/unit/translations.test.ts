import { describe, expect, it } from "vitest";
import de from "../../src/i18n/de.json";
import en from "../../src/i18n/en.json";
import moreDe from "../../src/i18n/more.de.json";
import moreEn from "../../src/i18n/more.en.json";
import moreZh from "../../src/i18n/more.zh-Hans.json";
import zh from "../../src/i18n/zh-Hans.json";

describe("translations", () => {
  it("are each in one file", () => {
    expect(Object.keys(moreEn).filter((key) => key in en)).toEqual([]);
  });
  for (const [language, texts, english] of [
    ["de", de, en],
    ["zh-Hans", zh, en],
    ["de, when needed", moreDe, moreEn],
    ["zh-Hans, when needed", moreZh, moreEn],
  ] as const) {
    it(`say in ${language} everything that English says, with the same values`, () => {
      expect(Object.keys(texts).sort()).toEqual(Object.keys(english).sort());
      for (const [key, text] of Object.entries(english)) {
        const values = (said: string) => (said.match(/\{\{\w+\}\}/g) ?? []).sort();
        expect(values((texts as Record<string, string>)[key] ?? ""), key).toEqual(values(text));
      }
    });
  }
});
