import { useState } from "react";
import { useTranslation } from "react-i18next";
import { at } from "../api/request";
import type { AuditEntry } from "../contract";
import { useAppDispatch } from "../store/store";
import { Failed } from "../ui/Failed";
import { More, itemsOf } from "../ui/More";
import { Table } from "../ui/Table";
import { useDates } from "../ui/dates";
import { download } from "../ui/download";
import { noticed } from "../ui/notices";
import { AuditEntryDialog } from "./AuditEntryDialog";
import { AuditFilter } from "./AuditFilter";
import { useAuditInfiniteQuery, useEverybodyQuery } from "./api";
import { type AuditQuery, eventText } from "./audit";

/** What happened in the workspace, newest first. */
export function AuditSection() {
  const { t } = useTranslation();
  const { time } = useDates();
  const dispatch = useAppDispatch();
  const [wanted, setWanted] = useState<AuditQuery>({});
  const [opened, setOpened] = useState<AuditEntry | null>(null);
  const list = useAuditInfiniteQuery(wanted);
  const { data: users = [] } = useEverybodyQuery();
  const entries = itemsOf(list);
  const names = new Map(users.map(({ id, display_name: name }) => [id, name]));
  const who = (id: string | null) => (id === null ? "–" : (names.get(id) ?? id));
  const by = (entry: AuditEntry) => (entry.by === "person" ? who(entry.actor_id) : t(`audit.${entry.by}`));
  const save = async () => {
    const answer = await fetch(addressOf(wanted), { headers: { Accept: "application/jsonl" } });
    if (!answer.ok) throw new Error(String(answer.status));
    download(await answer.blob(), "audit.jsonl");
  };
  return (
    <>
      <p>{t("audit.intro")}</p>
      <AuditFilter
        users={users}
        isBusy={list.isFetching}
        onChoose={(next) => {
          if (addressOf(next) === addressOf(wanted)) void list.refetch();
          else setWanted(next);
        }}
        onSave={() => void save().catch(() => dispatch(noticed("notice.notSaved")))}
      />
      <Failed error={list.error} />
      {list.isSuccess && entries.length === 0 && <p className="hint">{t("audit.none")}</p>}
      {entries.length > 0 && (
        <Table
          label={t("admin.audit")}
          headings={[t("audit.at"), t("audit.what"), t("audit.by"), t("audit.about"), t("sessions.address")]}
          actions={t("audit.detail")}
        >
          {entries.map((entry) => {
            const text = eventText(entry.name);
            return (
              <tr key={entry.sequence}>
                <td className="when">{time(entry.at)}</td>
                <td>
                  {text && t(text)}
                  <small>
                    <code>{entry.name}</code>
                  </small>
                </td>
                <td dir="auto">{by(entry)}</td>
                <td dir="auto">{who(entry.user_id)}</td>
                <td className="breaks">{entry.address ?? "–"}</td>
                <td>
                  <button type="button" aria-label={t("audit.moreOf", { number: entry.sequence })} onClick={() => setOpened(entry)}>
                    {t("audit.more")}
                  </button>
                </td>
              </tr>
            );
          })}
        </Table>
      )}
      <More list={list} />
      {opened && <AuditEntryDialog entry={opened} by={by(opened)} about={who(opened.user_id)} onClose={() => setOpened(null)} />}
    </>
  );
}

function addressOf(wanted: AuditQuery): string {
  const given = Object.entries(wanted).filter((one): one is [string, string] => one[1] !== undefined);
  return `${at("/api/v1/audit")}?${new URLSearchParams(given)}`;
}
