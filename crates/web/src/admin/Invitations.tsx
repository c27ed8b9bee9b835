import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { CreatedInvitation, Invitation, Role } from "../contract";
import { Choice } from "../ui/Choice";
import { Confirm } from "../ui/Dialog";
import { Failed } from "../ui/Failed";
import { Field } from "../ui/Field";
import { FormProblem } from "../ui/FormProblem";
import { More, itemsOf } from "../ui/More";
import { Secret } from "../ui/Secret";
import { Table } from "../ui/Table";
import { useDates } from "../ui/dates";
import { useForm } from "../ui/form";
import { useTold } from "../ui/told";
import { useInvitationsInfiniteQuery, useInviteMutation, useRevokeInvitationMutation } from "./api";
import { useRoleOptions } from "./roles";

/** Who is invited, and a way to invite. */
export function Invitations({ workspaceId }: { workspaceId: string }) {
  const { t } = useTranslation();
  const { day } = useDates();
  const tell = useTold();
  const list = useInvitationsInfiniteQuery(workspaceId);
  const [invite, invited] = useInviteMutation();
  const [revoke] = useRevokeInvitationMutation();
  const [role, setRole] = useState<Role>("member");
  const [asked, setAsked] = useState<Invitation | null>(null);
  const roles = useRoleOptions();
  const form = useRef<HTMLFormElement>(null);
  const invitations = itemsOf(list);
  const { problem, isBusy, onSubmit } = useForm(async ({ email = "" }) => {
    await invite({ workspaceId, email, role }).unwrap();
    form.current?.reset();
  });
  const withdraw = async ({ id }: Invitation) => {
    if (tell(await revoke({ workspaceId, id })) && invited.data?.id === id) invited.reset();
  };
  return (
    <div className="part">
      <h2>{t("workspace.invitations")}</h2>
      <p>{t("workspace.invitationsIntro")}</p>
      <form ref={form} className="inline-form" onSubmit={onSubmit}>
        <Field label={t("settings.email")} name="email" type="email" required autoComplete="off" problem={problem} />
        <Choice label={t("settings.role")} options={roles} value={role} onChoose={setRole} />
        <button type="submit" className="primary" aria-disabled={isBusy}>
          {t("workspace.invite")}
        </button>
      </form>
      <FormProblem problem={problem} fields={["email"]} />
      <Made invitation={invited.data} />
      <Failed error={list.error} />
      {invitations.length > 0 && (
        <Table
          label={t("workspace.invitations")}
          headings={[t("settings.email"), t("settings.role"), t("workspace.until")]}
          actions={t("app.actions")}
        >
          {invitations.map((invitation) => (
            <tr key={invitation.id}>
              <td className="breaks">{invitation.email}</td>
              <td>{t(`role.${invitation.role}`)}</td>
              <td className="when">{day(invitation.expires_at)}</td>
              <td>
                <button
                  type="button"
                  aria-label={t("workspace.revokeOne", { email: invitation.email })}
                  onClick={() => setAsked(invitation)}
                >
                  {t("app.revoke")}
                </button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <More list={list} />
      {asked && (
        <Confirm
          title={t("workspace.revokeTitle", { email: asked.email })}
          detail={t("workspace.revokeDetail")}
          action={t("app.revoke")}
          onClose={() => setAsked(null)}
          onConfirm={() => void withdraw(asked)}
        />
      )}
    </div>
  );
}

/** The link of an invitation, and whether it is on its way by mail too. */
function Made({ invitation }: { invitation: CreatedInvitation | undefined }) {
  const { t } = useTranslation();
  if (!invitation) return null;
  return (
    <Secret
      title={t("workspace.invitationFor", { email: invitation.email })}
      detail={invitation.is_mailed ? t("workspace.invitationMailed") : t("workspace.invitationLink")}
      value={invitation.link}
      copyLabel={t("admin.copyLink")}
    />
  );
}
