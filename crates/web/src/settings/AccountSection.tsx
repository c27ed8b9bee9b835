import { useState } from "react";
import { useTranslation } from "react-i18next";
import { at, request } from "../api/request";
import type { UpdatedMe } from "../contract";
import { signOut, whoAmI } from "../session/actions";
import { useAppDispatch, useAppSelector } from "../store/store";
import { Field } from "../ui/Field";
import { Saved } from "../ui/Saved";
import { useDates } from "../ui/dates";
import { useForm } from "../ui/form";
import { noticed } from "../ui/notices";
import { Membership } from "./Membership";
import { AccountProblem, CurrentPassword } from "./Proof";

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
      <NameForm name={me.display_name} />
      <EmailForm email={me.email} />
      <Membership workspaceId={me.workspace_id} />
    </>
  );
}

const update = (body: Record<string, unknown>) => request<UpdatedMe>({ method: "PATCH", path: at("/api/v1/me"), body });

function NameForm({ name }: { name: string }) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const [isSaved, setSaved] = useState(false);
  const { problem, isBusy, onSubmit } = useForm(async ({ display_name }) => {
    setSaved(false);
    await update({ display_name });
    await dispatch(whoAmI());
    setSaved(true);
  });
  return (
    <form className="narrow-form" onSubmit={onSubmit}>
      <h2>{t("account.changeName")}</h2>
      <AccountProblem problem={problem} fields={["display_name"]} />
      <Field
        label={t("settings.name")}
        name="display_name"
        autoComplete="name"
        required
        maxLength={100}
        dir="auto"
        defaultValue={name}
        hint={t("account.nameHint")}
        problem={problem}
      />
      <button type="submit" aria-disabled={isBusy}>
        {t("app.save")}
      </button>
      <Saved>{isSaved && t("account.saved")}</Saved>
    </form>
  );
}

function EmailForm({ email }: { email: string }) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const [told, setTold] = useState("");
  const { problem, isBusy, onSubmit } = useForm(async (fields) => {
    setTold("");
    const { unconfirmed_email: unconfirmed } = await update({ email: fields["email"], current_password: fields["current_password"] });
    await dispatch(whoAmI());
    setTold(unconfirmed ? t("account.emailSent", { email: unconfirmed }) : t("account.saved"));
  });
  return (
    <form className="narrow-form" onSubmit={onSubmit}>
      <h2>{t("account.changeEmail")}</h2>
      <AccountProblem problem={problem} fields={["email"]} />
      <Field
        label={t("account.newEmail")}
        name="email"
        type="email"
        autoComplete="email"
        required
        defaultValue={email}
        problem={problem}
      />
      <CurrentPassword problem={problem} />
      <button type="submit" aria-disabled={isBusy}>
        {t("app.save")}
      </button>
      <Saved>{told}</Saved>
    </form>
  );
}
