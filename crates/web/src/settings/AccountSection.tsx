import { useTranslation } from "react-i18next";
import { signOut } from "../session/actions";
import { useAppDispatch, useAppSelector } from "../store/store";
import { noticed } from "../ui/notices";
import { useDates } from "../ui/dates";

/** Who is signed in. */
export function AccountSection() {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const { day } = useDates();
  const me = useAppSelector((state) => state.session.me);
  if (!me) return null;
  return (
    <>
      <dl className="facts">
        <dt>{t("settings.name")}</dt>
        <dd dir="auto">{me.display_name}</dd>
        <dt>{t("settings.email")}</dt>
        <dd>{me.email}</dd>
        <dt>{t("settings.role")}</dt>
        <dd>{t(`role.${me.role}`)}</dd>
        <dt>{t("settings.since")}</dt>
        <dd>{day(me.created_at)}</dd>
      </dl>
      <button
        type="button"
        onClick={() => void dispatch(signOut()).catch(() => dispatch(noticed("notice.notSaved")))}
      >
        {t("session.signOut")}
      </button>
    </>
  );
}
