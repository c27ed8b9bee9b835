import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCreateUserMutation, useUsersInfiniteQuery } from "../api/api";
import type { Role } from "../contract";
import { useAppSelector } from "../store/store";
import { Field, isOfFields } from "../ui/Field";
import { isProblem } from "../api/problem";
import { ProblemText } from "../ui/ProblemText";
import { useDates } from "../ui/dates";
import { useForm } from "../ui/form";

const ROLES: Role[] = ["member", "viewer", "admin", "owner"];

/** Everybody with an account, and a way to add somebody. */
export function PeopleSection() {
  const { t } = useTranslation();
  const { day } = useDates();
  const { data, error, hasNextPage, fetchNextPage } = useUsersInfiniteQuery();
  const users = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <p>{t("admin.peopleIntro")}</p>
      {isProblem(error) && (
        <p className="error" role="alert">
          <ProblemText problem={error} />
        </p>
      )}
      <div className="table" tabIndex={0} role="group" aria-label={t("admin.people")}>
        <table>
          <thead>
            <tr>
              <th>{t("settings.name")}</th>
              <th>{t("settings.email")}</th>
              <th>{t("settings.role")}</th>
              <th>{t("admin.state")}</th>
              <th>{t("settings.since")}</th>
            </tr>
          </thead>
          <tbody>
            {users.map((user) => (
              <tr key={user.id}>
                <td dir="auto">{user.display_name}</td>
                <td>{user.email}</td>
                <td>{t(`role.${user.role}`)}</td>
                <td>{t(`admin.${user.state}`)}</td>
                <td>{day(user.created_at)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {hasNextPage && (
        <button type="button" onClick={() => void fetchNextPage()}>
          {t("app.more")}
        </button>
      )}
      <AddPerson />
    </>
  );
}

function AddPerson() {
  const { t } = useTranslation();
  const mine = useAppSelector((state) => state.session.me?.role);
  const [create] = useCreateUserMutation();
  const [role, setRole] = useState<Role>("member");
  const form = useRef<HTMLFormElement>(null);
  const { problem, isBusy, onSubmit } = useForm(async ({ display_name = "", email = "", password = "" }) => {
    await create({ display_name, email, password, role }).unwrap();
    form.current?.reset();
  });
  const roles = ROLES.filter((name) => name !== "owner" || mine === "owner");
  return (
    <form ref={form} className="add-person" onSubmit={onSubmit}>
      <h2>{t("admin.addPerson")}</h2>
      {problem && !isOfFields(problem, ["display_name", "email", "password"]) && (
        <p className="error" role="alert">
          <ProblemText problem={problem} />
        </p>
      )}
      <Field label={t("settings.name")} name="display_name" required autoComplete="off" problem={problem} />
      <Field label={t("settings.email")} name="email" type="email" required autoComplete="off" problem={problem} />
      <Field
        label={t("admin.initialPassword")}
        name="password"
        type="password"
        required
        autoComplete="new-password"
        hint={t("admin.initialPasswordHint")}
        problem={problem}
      />
      <div className="field">
        <label htmlFor="role">{t("settings.role")}</label>
        <select id="role" value={role} onChange={(event) => setRole(event.target.value as Role)}>
          {roles.map((name) => (
            <option key={name} value={name}>
              {t(`role.${name}`)}
            </option>
          ))}
        </select>
      </div>
      <button type="submit" className="primary" aria-disabled={isBusy}>
        {t("admin.add")}
      </button>
    </form>
  );
}
