import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Member, Role } from "../contract";
import { useAppSelector } from "../store/store";
import { Confirm } from "../ui/Dialog";
import { Failed } from "../ui/Failed";
import { More, itemsOf } from "../ui/More";
import { Saved } from "../ui/Saved";
import { Table } from "../ui/Table";
import { useTold } from "../ui/told";
import { useEverybodyQuery, useMembersInfiniteQuery, useRemoveMemberMutation, useUpdateMemberMutation } from "./api";
import { changesOwner, useRoleOptions } from "./roles";

type Asked = { remove: Member } | { member: Member; role: Role };

/** Who belongs to the workspace, and as what. Whose account was made here cannot be removed from it, only barred or deleted. */
export function Members({ workspaceId }: { workspaceId: string }) {
  const { t } = useTranslation();
  const tell = useTold();
  const me = useAppSelector((state) => state.session.me?.id);
  const list = useMembersInfiniteQuery(workspaceId);
  const { data: users = [] } = useEverybodyQuery();
  const [remove] = useRemoveMemberMutation();
  const [update] = useUpdateMemberMutation();
  const [asked, setAsked] = useState<Asked | null>(null);
  const [done, setDone] = useState("");
  const guests = new Set(users.filter((user) => !user.managed_here).map(({ id }) => id));
  const give = async (member: Member, role: Role) => {
    setDone("");
    const isDone = tell(await update({ workspaceId, member, role }));
    if (isDone) setDone(t("workspace.roleGiven", { name: member.display_name, role: t(`role.${role}`) }));
  };
  const choose = (member: Member, role: Role) => {
    if (changesOwner(member.role, role)) setAsked({ member, role });
    else void give(member, role);
  };
  return (
    <div className="part">
      <h2>{t("workspace.members")}</h2>
      <p>{t("workspace.membersIntro")}</p>
      <Failed error={list.error} />
      <Table label={t("workspace.members")} headings={[t("settings.name"), t("settings.email"), t("settings.role")]} actions={t("app.actions")}>
        {itemsOf(list).map((member) => {
          const { user_id: id, display_name: name } = member;
          return (
            <tr key={id}>
              <td dir="auto">{name}</td>
              <td className="breaks">{member.email ?? "–"}</td>
              <td>
                <RoleChoice member={member} onChoose={(role) => choose(member, role)} />
              </td>
              <td>
                {id !== me && guests.has(id) && (
                  <button type="button" aria-label={t("workspace.removeOne", { name })} onClick={() => setAsked({ remove: member })}>
                    {t("app.remove")}
                  </button>
                )}
              </td>
            </tr>
          );
        })}
      </Table>
      <More list={list} />
      <Saved>{done}</Saved>
      {asked && "remove" in asked && (
        <Confirm
          title={t("workspace.removeOne", { name: asked.remove.display_name })}
          detail={t("workspace.removeDetail")}
          action={t("app.remove")}
          onClose={() => setAsked(null)}
          onConfirm={() => void remove({ workspaceId, userId: asked.remove.user_id }).then(tell)}
        />
      )}
      {asked && "role" in asked && (
        <Confirm
          title={t("workspace.roleTitle", { name: asked.member.display_name })}
          detail={t(asked.role === "owner" ? "admin.toOwner" : "admin.fromOwner", { name: asked.member.display_name })}
          action={t("admin.changeRole")}
          onClose={() => setAsked(null)}
          onConfirm={() => void give(asked.member, asked.role)}
        />
      )}
    </div>
  );
}

function RoleChoice({ member, onChoose }: { member: Member; onChoose: (role: Role) => void }) {
  const { t } = useTranslation();
  const roles = useRoleOptions(member.role);
  return (
    <select
      aria-label={t("workspace.roleOf", { name: member.display_name })}
      value={member.role}
      onChange={(event) => onChoose(event.target.value as Role)}
    >
      {roles.map(([name, text]) => (
        <option key={name} value={name}>
          {text}
        </option>
      ))}
    </select>
  );
}
