import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { useAppSelector } from "../store/store";

/** That there is no language model, and what the person can do about it. */
export function NoModel() {
  const { t } = useTranslation();
  const isAdmin = useAppSelector(({ session: { me } }) => me?.role === "owner" || me?.role === "admin");
  return (
    <>
      {t("model.onlyRecall")} {t(isAdmin ? "model.howTo" : "model.askAdmin")}{" "}
      {isAdmin && <Link href="/admin/providers">{t("model.connect")}</Link>}
    </>
  );
}
