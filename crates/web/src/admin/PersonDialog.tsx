import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Problem, isProblem } from "../api/problem";
import type { Role, User } from "../contract";
import { useAppSelector } from "../store/store";
import { Choice } from "../ui/Choice";
import { Dialog } from "../ui/Dialog";
import { Failed } from "../ui/Failed";
import { Field } from "../ui/Field";
import { FormProblem } from "../ui/FormProblem";
import { Saved } from "../ui/Saved";
import { Secret } from "../ui/Secret";
import { useDates } from "../ui/dates";
import { useForm } from "../ui/form";
import { useCreatePasswordLinkMutation, useDeleteUserMutation, useRemoveSecondFactorsMutation, useUpdateUserMutation } from "./api";
import { changesOwner, useRoleOptions } from "./roles";

/** What is asked about before it is done. */
type Asked = "suspend" | "deletePerson" | "secondFactors" | "owner";

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
  const [removeFactors] = useRemoveSecondFactorsMutation();
  const [failure, setFailure] = useState<Problem | null>(null);
  const [done, setDone] = useState("");
  const [asked, setAsked] = useState<Asked | null>(null);
  const [wanted, setWanted] = useState("");
  const isHome = user.managed_here;
  const name = user.display_name;
  const attempt = async (work: () => Promise<unknown>, said?: string) => {
    setFailure(null);
    setDone("");
    try {
      await work();
      if (said === undefined) onClose();
      else setDone(said);
    } catch (error) {
      if (!isProblem(error)) throw error;
      setFailure(error);
    }
  };
  const save = async (display_name: string) => {
    await update({ user, changes: isHome ? { display_name, role } : { role } }).unwrap();
    setDone(t("account.saved"));
  };
  const { problem, isBusy, onSubmit } = useForm(async ({ display_name = name }) => {
    setDone("");
    if (!changesOwner(user.role, role)) return save(display_name);
    setWanted(display_name);
    setAsked("owner");
  });
  const setState = (state: "active" | "suspended", said: string) =>
    attempt(() => update({ user, changes: { state } }).unwrap(), said);
  const confirm = (what: Asked) => {
    setAsked(null);
    if (what === "deletePerson") void attempt(() => remove(user).unwrap());
    else if (what === "suspend") void setState("suspended", t("admin.suspendDone", { name }));
    else if (what === "owner") void attempt(() => save(wanted), t("account.saved"));
    else void attempt(() => removeFactors(user.id).unwrap(), t("admin.secondFactorsDone", { name }));
  };
  return (
    <Dialog title={name} onClose={onClose}>
      <p className="quiet">
        {user.email} · {t(`admin.${user.state}`)}
      </p>
      <form onSubmit={onSubmit}>
        <FormProblem problem={problem} fields={["display_name"]} />
        {isHome && (
          <Field label={t("settings.name")} name="display_name" required autoComplete="off" dir="auto" defaultValue={name} problem={problem} />
        )}
        <Choice label={t("settings.role")} options={roles} value={role} onChoose={setRole} />
        <button type="submit" className="primary" aria-disabled={isBusy}>
          {t("app.save")}
        </button>
      </form>
      {!isHome && <p className="hint">{t("admin.managedElsewhere")}</p>}
      <Failed error={failure} />
      {isHome && asked === null && (
        <p className="buttons">
          <button type="button" onClick={() => void attempt(() => makeLink(user.id).unwrap(), "")}>
            {t("admin.passwordLink")}
          </button>
          {!isMe && (
            <>
              {user.state === "active" ? (
                <button type="button" onClick={() => setAsked("suspend")}>
                  {t("admin.suspend")}
                </button>
              ) : (
                <button type="button" onClick={() => void setState("active", t("admin.activateDone", { name }))}>
                  {t("admin.activate")}
                </button>
              )}
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
      <Saved>{done}</Saved>
      {asked && (
        <div className="banner" role="alert">
          <p>{asked === "owner" ? t(role === "owner" ? "admin.toOwner" : "admin.fromOwner", { name }) : t(`admin.${asked}Detail`, { name })}</p>
          <p className="buttons">
            <button type="button" autoFocus onClick={() => setAsked(null)}>
              {t("app.cancel")}
            </button>
            <button type="button" className="danger" onClick={() => confirm(asked)}>
              {asked === "owner" ? t("admin.changeRole") : t(`admin.${asked}`)}
            </button>
          </p>
        </div>
      )}
      {link.data && (
        <Secret
          title={t("admin.linkFor", { name })}
          detail={t("admin.linkUntil", { time: time(link.data.expires_at) })}
          value={link.data.link}
          copyLabel={t("admin.copyLink")}
        />
      )}
    </Dialog>
  );
}
