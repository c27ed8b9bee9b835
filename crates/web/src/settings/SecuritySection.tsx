import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { at, request } from "../api/request";
import { whoAmI } from "../session/actions";
import { NewPassword } from "../session/NewPassword";
import { useAppDispatch, useAppSelector } from "../store/store";
import { Saved } from "../ui/Saved";
import { useForm } from "../ui/form";
import { ExternalIdentities } from "./ExternalIdentities";
import { Passkeys } from "./Passkeys";
import { AccountProblem, CurrentPassword } from "./Proof";
import { Sessions } from "./Sessions";
import { TwoFactor } from "./TwoFactor";

/** How the person signs in, and where they are signed in. */
export function SecuritySection() {
  return (
    <>
      <Sessions />
      <PasswordForm />
      <TwoFactor />
      <Passkeys />
      <ExternalIdentities />
    </>
  );
}

function PasswordForm() {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const hasPassword = useAppSelector((state) => state.session.me?.has_password ?? true);
  const [isSaved, setSaved] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const { problem, isBusy, onSubmit } = useForm(async ({ current_password, password }) => {
    setSaved(false);
    await request({ method: "POST", path: at("/api/v1/me/password"), body: { current_password, password } });
    form.current?.reset();
    setSaved(true);
    await dispatch(whoAmI());
  });
  return (
    <form ref={form} className="narrow-form" onSubmit={onSubmit}>
      <h2>{t("session.password")}</h2>
      <AccountProblem problem={problem} fields={["password"]} />
      <CurrentPassword problem={problem} />
      <NewPassword label={t("session.newPassword")} problem={problem} />
      <button type="submit" aria-disabled={isBusy}>
        {hasPassword ? t("security.changePassword") : t("security.setPassword")}
      </button>
      <Saved>{isSaved && t("security.passwordChanged")}</Saved>
    </form>
  );
}
