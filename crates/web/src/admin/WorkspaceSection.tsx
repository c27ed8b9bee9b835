import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useWorkspacesQuery } from "../api/api";
import { isProblem } from "../api/problem";
import type { Invitation, Member, Role, Workspace } from "../contract";
import { FormProblem } from "../session/SignInForm";
import { switchWorkspace } from "../session/actions";
import { useAppDispatch, useAppSelector } from "../store/store";
import { Choice } from "../ui/Choice";
import { Confirm } from "../ui/Dialog";
import { Failed } from "../ui/Failed";
import { Field } from "../ui/Field";
import { Secret } from "../ui/Secret";
import { Table } from "../ui/Table";
import { useDates } from "../ui/dates";
import { useForm } from "../ui/form";
import { noticed } from "../ui/notices";
import {
  useCreateWorkspaceMutation,
  useInvitationsInfiniteQuery,
  useInviteMutation,
  useMembersInfiniteQuery,
  useRemoveMemberMutation,
  useRenameWorkspaceMutation,
  useRevokeInvitationMutation,
  useUpdateMemberMutation,
} from "./api";
import { useRoleOptions } from "./roles";

/** The workspace that one looks at: its name, who belongs to it, who is invited. */
export function WorkspaceSection() {
  const id = useAppSelector((state) => state.session.me?.workspace_id);
  const { data: workspaces = [], error } = useWorkspacesQuery();
  const workspace = workspaces.find((one) => one.id === id);
  return (
    <>
      <Failed error={error} />
      {workspace && (
        <>
          <Name key={workspace.version} workspace={workspace} />
          <Members workspaceId={workspace.id} />
          <Invitations workspaceId={workspace.id} />
          <Found />
        </>
      )}
    </>
  );
}

function Name({ workspace }: { workspace: Workspace }) {
  const { t } = useTranslation();
  const [rename] = useRenameWorkspaceMutation();
  const { problem, isBusy, onSubmit } = useForm(async ({ name = "" }) => {
    await rename({ workspace, name }).unwrap();
  });
  return (
    <form className="inline-form" onSubmit={onSubmit}>
      <Field
        label={t("workspace.name")}
        name="name"
        required
        maxLength={100}
        dir="auto"
        autoComplete="off"
        defaultValue={workspace.name}
        problem={problem}
      />
      <button type="submit" aria-disabled={isBusy}>
        {t("app.save")}
      </button>
      <FormProblem problem={problem} fields={["name"]} />
    </form>
  );
}

/** Tells a refusal as a notice. */
function useTold() {
  const dispatch = useAppDispatch();
  return ({ error }: { error?: unknown }) => {
    if (error) dispatch(noticed("notice.notSaved", isProblem(error) ? error : null));
  };
}

function Members({ workspaceId }: { workspaceId: string }) {
  const { t } = useTranslation();
  const tell = useTold();
  const me = useAppSelector((state) => state.session.me?.id);
  const { data, error, hasNextPage, fetchNextPage } = useMembersInfiniteQuery(workspaceId);
  const [remove] = useRemoveMemberMutation();
  const [asked, setAsked] = useState<Member | null>(null);
  const members = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className="part">
      <h2>{t("workspace.members")}</h2>
      <Failed error={error} />
      <Table label={t("workspace.members")} headings={[t("settings.name"), t("settings.email"), t("settings.role")]} actions={t("app.actions")}>
        {members.map((member) => (
          <tr key={member.user_id}>
            <td dir="auto">{member.display_name}</td>
            <td>{member.email ?? "–"}</td>
            <td>
              <MemberRole workspaceId={workspaceId} member={member} onChanged={tell} />
            </td>
            <td>
              {member.user_id !== me && (
                <button type="button" aria-label={t("workspace.removeOne", { name: member.display_name })} onClick={() => setAsked(member)}>
                  {t("passkeys.remove")}
                </button>
              )}
            </td>
          </tr>
        ))}
      </Table>
      {hasNextPage && (
        <button type="button" onClick={() => void fetchNextPage()}>
          {t("app.more")}
        </button>
      )}
      {asked && (
        <Confirm
          title={t("workspace.removeOne", { name: asked.display_name })}
          detail={t("workspace.removeDetail")}
          action={t("passkeys.remove")}
          onClose={() => setAsked(null)}
          onConfirm={() => void remove({ workspaceId, userId: asked.user_id }).then(tell)}
        />
      )}
    </div>
  );
}

interface MemberRoleProps {
  workspaceId: string;
  member: Member;
  onChanged: (outcome: { error?: unknown }) => void;
}

function MemberRole({ workspaceId, member, onChanged }: MemberRoleProps) {
  const { t } = useTranslation();
  const [update, { isLoading }] = useUpdateMemberMutation();
  const roles = useRoleOptions(member.role);
  return (
    <select
      aria-label={t("workspace.roleOf", { name: member.display_name })}
      value={member.role}
      disabled={isLoading}
      onChange={(event) => void update({ workspaceId, member, role: event.target.value as Role }).then(onChanged)}
    >
      {roles.map(([name, text]) => (
        <option key={name} value={name}>
          {text}
        </option>
      ))}
    </select>
  );
}

function Invitations({ workspaceId }: { workspaceId: string }) {
  const { t } = useTranslation();
  const { day } = useDates();
  const tell = useTold();
  const { data, error, hasNextPage, fetchNextPage } = useInvitationsInfiniteQuery(workspaceId);
  const [invite, invited] = useInviteMutation();
  const [revoke] = useRevokeInvitationMutation();
  const [role, setRole] = useState<Role>("member");
  const roles = useRoleOptions();
  const form = useRef<HTMLFormElement>(null);
  const invitations: Invitation[] = data?.pages.flatMap((page) => page.items) ?? [];
  const { problem, isBusy, onSubmit } = useForm(async ({ email = "" }) => {
    await invite({ workspaceId, email, role }).unwrap();
    form.current?.reset();
  });
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
      {invited.data?.link && (
        <Secret
          title={t("workspace.invitationFor", { email: invited.data.email })}
          detail={t("admin.linkOnce")}
          value={invited.data.link}
          copyLabel={t("admin.copyLink")}
        />
      )}
      <Failed error={error} />
      {invitations.length > 0 && (
        <Table
          label={t("workspace.invitations")}
          headings={[t("settings.email"), t("settings.role"), t("workspace.until")]}
          actions={t("app.actions")}
        >
          {invitations.map((invitation) => (
            <tr key={invitation.id}>
              <td>{invitation.email}</td>
              <td>{t(`role.${invitation.role}`)}</td>
              <td>{day(invitation.expires_at)}</td>
              <td>
                <button
                  type="button"
                  aria-label={t("workspace.revokeOne", { email: invitation.email })}
                  onClick={() => void revoke({ workspaceId, id: invitation.id }).then(tell)}
                >
                  {t("keys.revoke")}
                </button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      {hasNextPage && (
        <button type="button" onClick={() => void fetchNextPage()}>
          {t("app.more")}
        </button>
      )}
    </div>
  );
}

/** Founds another workspace and goes there. */
function Found() {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const [create] = useCreateWorkspaceMutation();
  const { problem, isBusy, onSubmit } = useForm(async ({ name = "" }) => {
    const { id } = await create(name).unwrap();
    await dispatch(switchWorkspace(id));
  });
  return (
    <div className="part">
      <h2>{t("workspace.another")}</h2>
      <p>{t("workspace.anotherDetail")}</p>
      <form className="inline-form" onSubmit={onSubmit}>
        <Field label={t("workspace.name")} name="name" required maxLength={100} dir="auto" autoComplete="off" problem={problem} />
        <button type="submit" aria-disabled={isBusy}>
          {t("workspace.found")}
        </button>
        <FormProblem problem={problem} fields={["name"]} />
      </form>
    </div>
  );
}
