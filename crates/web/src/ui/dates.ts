import { useTranslation } from "react-i18next";

/** The language with the habits of the country where the browser is at home in it: English, but as in Britain. */
export function regional(language: string): string {
  const script = (name: string) => new Intl.Locale(name).maximize().script;
  const isSame = (name: string) => new Intl.Locale(name).language === new Intl.Locale(language).language;
  return navigator.languages.find((name) => isSame(name) && script(name) === script(language)) ?? language;
}

/** Times in the person's language. */
export function useDates() {
  const { i18n } = useTranslation();
  const locale = regional(i18n.language);
  const dayFormat = new Intl.DateTimeFormat(locale, { dateStyle: "long" });
  const timeFormat = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  const momentFormat = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "long" });
  return {
    day: (at: string) => dayFormat.format(new Date(at)),
    time: (at: string) => timeFormat.format(new Date(at)),
    /** To the second, with the zone. */
    moment: (at: string) => momentFormat.format(new Date(at)),
  };
}
