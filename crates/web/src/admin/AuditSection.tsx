import { useState } from "react";
import { useTranslation } from "react-i18next";
import { at } from "../api/request";
import type { AuditEntry } from "../contract";
import { useAppDispatch } from "../store/store";
import { Failed } from "../ui/Failed";
import { Field } from "../ui/Field";
import { Table } from "../ui/Table";
import { useDates } from "../ui/dates";
import { download } from "../ui/download";
import { noticed } from "../ui/notices";
import { useAuditInfiniteQuery, useEverybodyQuery } from "./api";
import { type AuditQuery, auditQuery } from "./audit";

/** What happened in the workspace, newest first. */
export function AuditSection() {
  const { t } = useTranslation();
  const { time } = useDates();
  const dispatch = useAppDispatch();
  const [wanted, setWanted] = useState<AuditQuery>({});
  const { data, error, isFetching, hasNextPage, fetchNextPage, refetch } = useAuditInfiniteQuery(wanted);
  const { data: users = [] } = useEverybodyQuery();
  const entries = data?.pages.flatMap((page) => page.items) ?? [];
  const names = new Map(users.map(({ id, display_name: name }) => [id, name]));
  const who = (id: string | null) => (id === null ? t("audit.nobody") : (names.get(id) ?? id));
  const save = async () => {
    const answer = await fetch(address(wanted), { headers: { Accept: "application/jsonl" } });
    if (!answer.ok) throw new Error(String(answer.status));
    download(await answer.blob(), "audit.jsonl");
  };
  return (
    <>
      <p>{t("audit.intro")}</p>
      <form
        className="inline-form"
        onSubmit={(event) => {
          event.preventDefault();
          const fields = [...new FormData(event.currentTarget)].map(([name, value]) => [name, String(value)]);
          const next = auditQuery(Object.fromEntries(fields));
          if (address(next) === address(wanted)) void refetch();
          else setWanted(next);
        }}
      >
        <Field label={t("audit.name")} name="name" maxLength={100} autoComplete="off" placeholder="session.*" />
        <div className="field">
          <label htmlFor="audit-user">{t("audit.person")}</label>
          <select id="audit-user" name="user" defaultValue="">
            <option value="">{t("audit.anybody")}</option>
            {users.map(({ id, display_name: name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </div>
        <Field label={t("audit.since")} name="since" type="datetime-local" />
        <Field label={t("audit.until")} name="until" type="datetime-local" />
        <button type="submit" aria-disabled={isFetching}>
          {t("audit.show")}
        </button>
        <button type="button" onClick={() => void save().catch(() => dispatch(noticed("notice.notSaved")))}>
          {t("audit.download")}
        </button>
      </form>
      <Failed error={error} />
      {data && entries.length === 0 && <p className="hint">{t("audit.none")}</p>}
      {entries.length > 0 && (
        <Table
          label={t("admin.audit")}
          headings={[t("audit.at"), t("audit.what"), t("audit.by"), t("audit.about"), t("sessions.address"), t("audit.detail")]}
        >
          {entries.map((entry) => (
            <tr key={entry.sequence}>
              <td>{time(entry.at)}</td>
              <td>
                <code>{entry.name}</code>
              </td>
              <td dir="auto">{who(entry.actor_id)}</td>
              <td dir="auto">{entry.user_id ? who(entry.user_id) : "–"}</td>
              <td>{entry.address ?? "–"}</td>
              <td>
                <Detail entry={entry} />
              </td>
            </tr>
          ))}
        </Table>
      )}
      {hasNextPage && (
        <button type="button" aria-disabled={isFetching} onClick={() => void fetchNextPage()}>
          {t("app.more")}
        </button>
      )}
    </>
  );
}

function address(wanted: AuditQuery): string {
  const given = Object.entries(wanted).filter((one): one is [string, string] => one[1] !== undefined);
  return `${at("/api/v1/audit")}?${new URLSearchParams(given)}`;
}

/** Everything else that is known of an entry. */
function Detail({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation();
  const { sequence, credential, credential_id, request_id, subject_id, detail, hash } = entry;
  return (
    <details>
      <summary>
        {t("audit.more")} <span className="hidden">{sequence}</span>
      </summary>
      <pre tabIndex={0}>{JSON.stringify({ sequence, credential, credential_id, request_id, subject_id, detail, hash }, null, 2)}</pre>
    </details>
  );
}
