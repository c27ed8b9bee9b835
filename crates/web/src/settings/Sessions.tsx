import { useTranslation } from "react-i18next";
import { useState } from "react";
import { isProblem } from "../api/problem";
import { useAppDispatch } from "../store/store";
import { Confirm } from "../ui/Dialog";
import { Failed } from "../ui/Failed";
import { Table } from "../ui/Table";
import { useDates } from "../ui/dates";
import { noticed } from "../ui/notices";
import { useRevokeOtherSessionsMutation, useRevokeSessionMutation, useSessionsInfiniteQuery } from "./api";

/** Where the person is signed in, and ways to end that. */
export function Sessions() {
  const { t } = useTranslation();
  const { time } = useDates();
  const dispatch = useAppDispatch();
  const { data, error, hasNextPage, fetchNextPage } = useSessionsInfiniteQuery();
  const [revoke] = useRevokeSessionMutation();
  const [revokeOthers] = useRevokeOtherSessionsMutation();
  const [asks, setAsks] = useState(false);
  const sessions = data?.pages.flatMap((page) => page.items) ?? [];
  const tell = ({ error: refused }: { error?: unknown }) => {
    if (refused) dispatch(noticed("notice.notSaved", isProblem(refused) ? refused : null));
  };
  return (
    <div className="part">
      <h2>{t("sessions.title")}</h2>
      <Failed error={error} />
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
              <td>{session.address ?? "–"}</td>
              <td>{time(session.last_used_at)}</td>
              <td>{time(session.created_at)}</td>
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
      {hasNextPage && (
        <button type="button" onClick={() => void fetchNextPage()}>
          {t("app.more")}
        </button>
      )}
      {sessions.some(({ current }) => !current) && (
        <button type="button" onClick={() => setAsks(true)}>
          {t("sessions.endOthers")}
        </button>
      )}
      {asks && (
        <Confirm
          title={t("sessions.endOthersTitle")}
          detail={t("sessions.endOthersDetail")}
          action={t("sessions.endOthers")}
          onClose={() => setAsks(false)}
          onConfirm={() => void revokeOthers().then(tell)}
        />
      )}
    </div>
  );
}
