import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { User, UserState } from "../contract";
import { Choice } from "../ui/Choice";
import { Failed } from "../ui/Failed";
import { More, itemsOf } from "../ui/More";
import { Table } from "../ui/Table";
import { useDates } from "../ui/dates";
import { AddPerson } from "./AddPerson";
import { PersonDialog } from "./PersonDialog";
import { useUsersInfiniteQuery } from "./api";

const STATES = ["all", "active", "pending", "suspended"] as const;

/** Everybody with an account, what can be done with it, and a way to add somebody. */
export function PeopleSection() {
  const { t } = useTranslation();
  const { day } = useDates();
  const [state, setState] = useState<UserState | "all">("all");
  const [managedId, setManagedId] = useState<string | null>(null);
  const list = useUsersInfiniteQuery(state);
  const users: User[] = itemsOf(list);
  const managed = users.find(({ id }) => id === managedId);
  const states = STATES.map((name) => [name, t(`admin.${name}`)] as const);
  return (
    <>
      <p>{t("admin.peopleIntro")}</p>
      <div className="filters">
        <Choice label={t("admin.state")} options={states} value={state} onChoose={setState} />
      </div>
      <Failed error={list.error} />
      {list.isSuccess && users.length === 0 && <p className="hint">{t("admin.nobody")}</p>}
      <Table
        label={t("admin.people")}
        headings={[t("settings.name"), t("settings.email"), t("settings.role"), t("admin.state"), t("settings.since")]}
        actions={t("app.actions")}
      >
        {users.map((user) => (
          <tr key={user.id}>
            <td dir="auto">{user.display_name}</td>
            <td className="breaks">{user.email}</td>
            <td>{t(`role.${user.role}`)}</td>
            <td>{t(`admin.${user.state}`)}</td>
            <td className="when">{day(user.created_at)}</td>
            <td>
              <button type="button" aria-label={t("admin.manageOne", { name: user.display_name })} onClick={() => setManagedId(user.id)}>
                {t("admin.manage")}
              </button>
            </td>
          </tr>
        ))}
      </Table>
      <More list={list} />
      <AddPerson />
      {managed && <PersonDialog user={managed} onClose={() => setManagedId(null)} />}
    </>
  );
}
