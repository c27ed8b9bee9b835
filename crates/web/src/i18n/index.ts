import i18n from "i18next";
import { initReactI18next } from "react-i18next";
import en from "./en.json";
import type more from "./more.en.json";

/** The languages that there are, each by its own name. */
export const languages = { en: "English", de: "Deutsch", "zh-Hans": "简体中文" } as const;
export type Language = keyof typeof languages;

const STORED = "colloquy.language";
const loaders: Record<Exclude<Language, "en">, () => Promise<{ default: Record<string, string> }>> = {
  de: () => import("./de.json"),
  "zh-Hans": () => import("./zh-Hans.json"),
};

/** The texts of screens that are loaded when they are first needed. */
const moreLoaders: Record<Language, () => Promise<{ default: Record<string, string> }>> = {
  en: () => import("./more.en.json"),
  de: () => import("./more.de.json"),
  "zh-Hans": () => import("./more.zh-Hans.json"),
};
/** Whether such a screen was opened, and for which languages its texts are there. */
let wantsMore = false;
const hasMore = new Set<Language>();

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    keySeparator: false;
    nsSeparator: false;
    resources: { translation: typeof en & typeof more };
  }
}

function isLanguage(name: string | null): name is Language {
  return name !== null && name in languages;
}

/** The language that was chosen on this device, or the first of the browser's that there is. */
export function preferredLanguage(): Language {
  const stored = localStorage.getItem(STORED);
  if (isLanguage(stored)) return stored;
  for (const wanted of navigator.languages) {
    const base = wanted.toLowerCase().split("-")[0];
    if (base === "zh") return "zh-Hans";
    if (base === "de" || base === "en") return base;
  }
  return "en";
}

export async function showLanguage(language: Language): Promise<void> {
  if (language !== "en" && !i18n.hasResourceBundle(language, "translation")) {
    const { default: texts } = await loaders[language]();
    i18n.addResourceBundle(language, "translation", texts);
  }
  if (wantsMore) await loadMore(language);
  await i18n.changeLanguage(language);
  document.documentElement.lang = language;
}

async function loadMore(language: Language): Promise<void> {
  if (hasMore.has(language)) return;
  const { default: texts } = await moreLoaders[language]();
  i18n.addResourceBundle(language, "translation", texts, true);
  hasMore.add(language);
}

/** Loads a screen together with its texts. */
export async function withTexts<Screen>(screen: Promise<Screen>): Promise<Screen> {
  wantsMore = true;
  const [loaded] = await Promise.all([screen, loadMore(i18n.language as Language)]);
  return loaded;
}

export async function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(STORED, language);
  await showLanguage(language);
}

export async function startTranslations(): Promise<void> {
  await i18n.use(initReactI18next).init({
    lng: "en",
    fallbackLng: "en",
    resources: { en: { translation: en } },
    keySeparator: false,
    nsSeparator: false,
    interpolation: { escapeValue: false },
  });
  await showLanguage(preferredLanguage());
}
