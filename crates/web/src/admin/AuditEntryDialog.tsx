import { useTranslation } from "react-i18next";
import type { AuditEntry } from "../contract";
import { Dialog } from "../ui/Dialog";
import { useDates } from "../ui/dates";
import { eventText, reasonText } from "./audit";

interface AuditEntryDialogProps {
  entry: AuditEntry;
  /** Who did it, and whom it is about, by name. */
  by: string;
  about: string;
  onClose: () => void;
}

/** Everything that is known of an entry. */
export function AuditEntryDialog({ entry, by, about, onClose }: AuditEntryDialogProps) {
  const { t } = useTranslation();
  const { moment } = useDates();
  const text = eventText(entry.name);
  const reason = reasonText(entry.detail);
  const { sequence, credential, credential_id, request_id, subject_id, detail, hash } = entry;
  const further = { sequence, credential, credential_id, request_id, subject_id, detail, hash };
  return (
    <Dialog title={text ? t(text) : entry.name} onClose={onClose}>
      <dl className="facts">
        <dt>{t("audit.at")}</dt>
        <dd>{moment(entry.at)}</dd>
        <dt>{t("audit.what")}</dt>
        <dd>
          <code>{entry.name}</code>
        </dd>
        {reason && (
          <>
            <dt>{t("audit.why")}</dt>
            <dd>{t(reason)}</dd>
          </>
        )}
        <dt>{t("audit.by")}</dt>
        <dd dir="auto">{by}</dd>
        <dt>{t("audit.about")}</dt>
        <dd dir="auto">{about}</dd>
        <dt>{t("sessions.address")}</dt>
        <dd>{entry.address ?? "–"}</dd>
      </dl>
      <pre className="entry" tabIndex={0} aria-label={t("audit.detail")}>
        {JSON.stringify(further, null, 2)}
      </pre>
    </Dialog>
  );
}
