import { useState } from "react";
import { useTranslation } from "react-i18next";
import { signOut } from "../session/actions";
import { useAppDispatch } from "../store/store";
import { Confirm } from "../ui/Dialog";
import { Failed } from "../ui/Failed";
import { More, itemsOf } from "../ui/More";
import { Table } from "../ui/Table";
import { useDates } from "../ui/dates";
import { noticed } from "../ui/notices";
import { useTold } from "../ui/told";
import { useRevokeOtherSessionsMutation, useRevokeSessionMutation, useSessionsInfiniteQuery } from "./api";

/** Where the person is signed in, and ways to end that. */
export function Sessions() {
  const { t } = useTranslation();
  const { day, time } = useDates();
  const dispatch = useAppDispatch();
  const tell = useTold();
  const list = useSessionsInfiniteQuery();
  const [revoke] = useRevokeSessionMutation();
  const [revokeOthers] = useRevokeOtherSessionsMutation();
  const [asked, setAsked] = useState<"endOthers" | "endAll" | null>(null);
  const sessions = itemsOf(list);
  const end = (what: "endOthers" | "endAll") => {
    if (what === "endOthers") return void revokeOthers().then(tell);
    dispatch(signOut({ everywhere: true })).catch(() => dispatch(noticed("notice.notSaved")));
  };
  return (
    <div className="part">
      <h2>{t("sessions.title")}</h2>
      <Failed error={list.error} />
      <Table
        label={t("sessions.title")}
        headings={[t("sessions.device"), t("sessions.address"), t("sessions.lastUsed"), t("sessions.since")]}
        actions={t("sessions.end")}
      >
        {sessions.map((session) => {
          const device = session.device ?? (session.kind === "program" ? t("sessions.program") : t("sessions.browser"));
          return (
            <tr key={session.id}>
              <td>
                {device} {session.current && <span className="tag">{t("sessions.current")}</span>}
              </td>
              <td className="breaks">{session.address ?? "–"}</td>
              <td className="when">{time(session.last_used_at)}</td>
              <td className="when">{day(session.created_at)}</td>
              <td>
                {!session.current && (
                  <button type="button" aria-label={t("sessions.endOne", { device })} onClick={() => void revoke(session.id).then(tell)}>
                    {t("sessions.end")}
                  </button>
                )}
              </td>
            </tr>
          );
        })}
      </Table>
      <More list={list} />
      <p className="buttons">
        {sessions.some(({ current }) => !current) && (
          <button type="button" onClick={() => setAsked("endOthers")}>
            {t("sessions.endOthers")}
          </button>
        )}
        <button type="button" onClick={() => setAsked("endAll")}>
          {t("sessions.endAll")}
        </button>
      </p>
      {asked && (
        <Confirm
          title={t(`sessions.${asked}Title`)}
          detail={t(`sessions.${asked}Detail`)}
          action={t(`sessions.${asked}`)}
          onClose={() => setAsked(null)}
          onConfirm={() => end(asked)}
        />
      )}
    </div>
  );
}
