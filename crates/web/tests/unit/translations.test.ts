import { describe, expect, it } from "vitest";
import de from "../../src/i18n/de.json";
import en from "../../src/i18n/en.json";
import moreDe from "../../src/i18n/more.de.json";
import moreEn from "../../src/i18n/more.en.json";
import moreZh from "../../src/i18n/more.zh-Hans.json";
import problemsDe from "../../src/i18n/problems.de.json";
import problemsEn from "../../src/i18n/problems.en.json";
import problemsZh from "../../src/i18n/problems.zh-Hans.json";
import { fieldRule } from "../../src/i18n/words";
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

  it("name the same problems, and in English those that the server says too shortly", () => {
    expect(Object.keys(problemsZh).sort()).toEqual(Object.keys(problemsDe).sort());
    expect(Object.keys(problemsEn).filter((key) => !(key in problemsDe))).toEqual([]);
  });

  it("know the rules of fields by what the server says of them, with their numbers", () => {
    const rule = (code: string, detail: string) => fieldRule({ pointer: "/x", code, detail });
    expect(rule("invalid", "must be at least 8 characters long")).toMatchObject({ rule: "shortest", limit: "8" });
    expect(rule("length", "must be 1 to 254 characters long")).toMatchObject({ rule: "longest", limit: "254" });
    expect(rule("range", "must be between 1 and 1,000,000")).toMatchObject({ rule: "range", least: "1", limit: "1,000,000" });
    expect(rule("invalid", "must be an e-mail address").rule).toBe("email");
    expect(rule("wrong_password", "is not your present password").rule).toBe("wrong_password");
  });
});
