import { useId } from "react";
import { useTranslation } from "react-i18next";
import type { User } from "../contract";
import { Field } from "../ui/Field";
import { type AuditQuery, EVENTS, type Noun, auditQuery, eventText } from "./audit";

interface AuditFilterProps {
  users: User[];
  isBusy: boolean;
  onChoose: (wanted: AuditQuery) => void;
  onSave: () => void;
}

/** Which entries are shown, or saved. */
export function AuditFilter({ users, isBusy, onChoose, onSave }: AuditFilterProps) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <form
      className="inline-form"
      onSubmit={(event) => {
        event.preventDefault();
        const fields = [...new FormData(event.currentTarget)].map(([name, value]) => [name, String(value)]);
        onChoose(auditQuery(Object.fromEntries(fields)));
      }}
    >
      <div className="field">
        <label htmlFor={`${id}-name`}>{t("audit.what")}</label>
        <select id={`${id}-name`} name="name" defaultValue="">
          <option value="">{t("audit.anything")}</option>
          {(Object.keys(EVENTS) as Noun[]).map((noun) => (
            <optgroup key={noun} label={t(`event.${noun}`)}>
              {EVENTS[noun].length > 1 && <option value={`${noun}.*`}>{t("audit.allOf", { what: t(`event.${noun}`) })}</option>}
              {EVENTS[noun].map((verb) => {
                const text = eventText(`${noun}.${verb}`);
                return (
                  <option key={verb} value={`${noun}.${verb}`}>
                    {text && t(text)}
                  </option>
                );
              })}
            </optgroup>
          ))}
        </select>
      </div>
      <div className="field">
        <label htmlFor={`${id}-user`}>{t("audit.person")}</label>
        <select id={`${id}-user`} name="user" defaultValue="">
          <option value="">{t("audit.anybody")}</option>
          {users.map((user) => (
            <option key={user.id} value={user.id}>
              {user.display_name}
            </option>
          ))}
        </select>
      </div>
      <Field label={t("audit.since")} name="since" type="datetime-local" />
      <Field label={t("audit.until")} name="until" type="datetime-local" />
      <button type="submit" className="primary" aria-disabled={isBusy}>
        {t("audit.show")}
      </button>
      <button type="button" onClick={onSave}>
        {t("audit.download")}
      </button>
    </form>
  );
}
