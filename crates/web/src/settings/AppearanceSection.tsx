import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Language, chooseLanguage, languages } from "../i18n";
import { type Theme, chooseTheme, storedTheme } from "./theme";

/** How Colloquy looks and which language it speaks, on this device. */
export function AppearanceSection() {
  const { t, i18n } = useTranslation();
  const [theme, setTheme] = useState<Theme>(storedTheme);
  const themes = { system: t("settings.system"), light: t("settings.light"), dark: t("settings.dark") };
  return (
    <form>
      <fieldset className="choices">
        <legend>{t("settings.theme")}</legend>
        {(Object.keys(themes) as Theme[]).map((name) => (
          <label key={name}>
            <input
              type="radio"
              name="theme"
              checked={theme === name}
              onChange={() => {
                setTheme(name);
                chooseTheme(name);
              }}
            />
            {themes[name]}
          </label>
        ))}
      </fieldset>
      <fieldset className="choices">
        <legend>{t("settings.language")}</legend>
        {(Object.entries(languages) as [Language, string][]).map(([language, name]) => (
          <label key={language} lang={language}>
            <input
              type="radio"
              name="language"
              checked={i18n.language === language}
              onChange={() => void chooseLanguage(language)}
            />
            {name}
          </label>
        ))}
      </fieldset>
      <p className="hint">{t("settings.deviceOnly")}</p>
    </form>
  );
}
