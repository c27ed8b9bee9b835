import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Role } from "../contract";
import { Choice } from "../ui/Choice";
import { Field } from "../ui/Field";
import { FormProblem } from "../ui/FormProblem";
import { Saved } from "../ui/Saved";
import { Secret } from "../ui/Secret";
import { useForm } from "../ui/form";
import { useCreateUserMutation } from "./api";
import { useRoleOptions } from "./roles";

/** Makes an account; without a password, its person chooses one by a link. */
export function AddPerson() {
  const { t } = useTranslation();
  const [create, created] = useCreateUserMutation();
  const [role, setRole] = useState<Role>("member");
  const roles = useRoleOptions();
  const form = useRef<HTMLFormElement>(null);
  const { problem, isBusy, onSubmit } = useForm(async ({ display_name = "", email = "", password = "" }) => {
    await create({ display_name, email, password: password === "" ? undefined : password, role }).unwrap();
    form.current?.reset();
  });
  const made = created.data;
  return (
    <form ref={form} className="add-person" onSubmit={onSubmit}>
      <h2>{t("admin.addPerson")}</h2>
      <FormProblem problem={problem} fields={["display_name", "email", "password"]} />
      <Field label={t("settings.name")} name="display_name" required autoComplete="off" problem={problem} />
      <Field label={t("settings.email")} name="email" type="email" required autoComplete="off" problem={problem} />
      <Field
        label={t("admin.initialPassword")}
        name="password"
        type="password"
        autoComplete="new-password"
        hint={t("admin.initialPasswordHint")}
        problem={problem}
      />
      <Choice label={t("settings.role")} options={roles} value={role} onChoose={setRole} />
      <button type="submit" className="primary" aria-disabled={isBusy}>
        {t("admin.add")}
      </button>
      <Saved>{made && !made.link && t("admin.added", { name: made.display_name })}</Saved>
      {made?.link && (
        <Secret
          title={t("admin.linkFor", { name: made.display_name })}
          detail={t("admin.addedLink")}
          value={made.link}
          copyLabel={t("admin.copyLink")}
        />
      )}
    </form>
  );
}
