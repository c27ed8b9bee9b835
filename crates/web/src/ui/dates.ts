import { useTranslation } from "react-i18next";

/** Times in the person's language. */
export function useDates() {
  const { i18n } = useTranslation();
  const dayFormat = new Intl.DateTimeFormat(i18n.language, { dateStyle: "long" });
  const timeFormat = new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeStyle: "short" });
  return {
    day: (at: string) => dayFormat.format(new Date(at)),
    time: (at: string) => timeFormat.format(new Date(at)),
  };
}
