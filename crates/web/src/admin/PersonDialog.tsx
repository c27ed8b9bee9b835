import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Problem, isProblem } from "../api/problem";
import type { Role, User } from "../contract";
import { FormProblem } from "../session/SignInForm";
import { useAppSelector } from "../store/store";
import { Choice } from "../ui/Choice";
import { Dialog } from "../ui/Dialog";
import { Failed } from "../ui/Failed";
import { Field } from "../ui/Field";
import { Secret } from "../ui/Secret";
import { useDates } from "../ui/dates";
import { useForm } from "../ui/form";
import { useCreatePasswordLinkMutation, useDeleteUserMutation, useRemoveSecondFactorsMutation, useUpdateUserMutation } from "./api";
import { useRoleOptions } from "./roles";

/** What is asked about before it is done. */
type Asked = "deletePerson" | "secondFactors";

/** What administrators change of an account. Of accounts from other workspaces that is only the role here. */
export function PersonDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useTranslation();
  const { time } = useDates();
  const isMe = useAppSelector((state) => state.session.me?.id === user.id);
  const [role, setRole] = useState<Role>(user.role);
  const roles = useRoleOptions(user.role);
  const [update] = useUpdateUserMutation();
  const [makeLink, link] = useCreatePasswordLinkMutation();
  const [remove] = useDeleteUserMutation();
  const [failure, setFailure] = useState<Problem | null>(null);
  const [removeFactors, removedFactors] = useRemoveSecondFactorsMutation();
  const [asked, setAsked] = useState<Asked | null>(null);
  const isHome = user.managed_here;
  const { problem, isBusy, onSubmit } = useForm(async ({ display_name = user.display_name }) => {
    await update({ user, changes: isHome ? { display_name, role } : { role } }).unwrap();
    onClose();
  });
  const attempt = async (work: Promise<unknown>, thenClose: boolean) => {
    setFailure(null);
    try {
      await work;
      if (thenClose) onClose();
    } catch (error) {
      if (!isProblem(error)) throw error;
      setFailure(error);
    }
  };
  const confirm = (what: Asked) => {
    setAsked(null);
    if (what === "deletePerson") void attempt(remove(user).unwrap(), true);
    else void attempt(removeFactors(user.id).unwrap(), false);
  };
  const suspended = user.state === "suspended";
  const changeState = () => void attempt(update({ user, changes: { state: suspended || user.state === "pending" ? "active" : "suspended" } }).unwrap(), true);
  return (
    <Dialog title={user.display_name} onClose={onClose}>
      <p className="quiet">
        {user.email} · {t(`admin.${user.state}`)}
      </p>
      <form onSubmit={onSubmit}>
        <FormProblem problem={problem} fields={["display_name"]} />
        {isHome && (
          <Field
            label={t("settings.name")}
            name="display_name"
            required
            autoComplete="off"
            dir="auto"
            defaultValue={user.display_name}
            problem={problem}
          />
        )}
        <Choice label={t("settings.role")} options={roles} value={role} onChoose={setRole} />
        <button type="submit" className="primary" aria-disabled={isBusy}>
          {t("app.save")}
        </button>
      </form>
      {!isHome && <p className="hint">{t("admin.managedElsewhere")}</p>}
      <Failed error={failure} />
      {isHome && (
        <p className="buttons">
          <button type="button" onClick={() => void attempt(makeLink(user.id).unwrap(), false)}>
            {t("admin.passwordLink")}
          </button>
          {!isMe && (
            <button type="button" onClick={changeState}>
              {user.state === "active" ? t("admin.suspend") : t("admin.activate")}
            </button>
          )}
          {!isMe && asked === null && (
            <>
              <button type="button" onClick={() => setAsked("secondFactors")}>
                {t("admin.secondFactors")}
              </button>
              <button type="button" onClick={() => setAsked("deletePerson")}>
                {t("admin.deletePerson")}
              </button>
            </>
          )}
        </p>
      )}
      {removedFactors.isSuccess && (
        <p className="banner" role="status">
          {t("admin.secondFactorsDone", { name: user.display_name })}
        </p>
      )}
      {asked && (
        <div className="banner" role="alert">
          <p>{t(`admin.${asked}Detail`, { name: user.display_name })}</p>
          <p className="buttons">
            <button type="button" autoFocus onClick={() => setAsked(null)}>
              {t("app.cancel")}
            </button>
            <button type="button" className="danger" onClick={() => confirm(asked)}>
              {t(`admin.${asked}`)}
            </button>
          </p>
        </div>
      )}
      {link.data && (
        <Secret
          title={t("admin.linkFor", { name: user.display_name })}
          detail={t("admin.linkUntil", { time: time(link.data.expires_at) })}
          value={link.data.link}
          copyLabel={t("admin.copyLink")}
        />
      )}
    </Dialog>
  );
}
