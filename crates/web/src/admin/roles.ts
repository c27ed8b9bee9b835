import { useTranslation } from "react-i18next";
import type { Role } from "../contract";
import { useAppSelector } from "../store/store";

export const ROLES: readonly Role[] = ["member", "viewer", "admin", "owner"];

/** The roles that somebody with a role may give. */
export function rolesFor(role: Role | undefined): Role[] {
  return ROLES.filter((name) => name !== "owner" || role === "owner");
}

/** The same with their names, for a choice; `present` is among them, whoever asks. */
export function useRoleOptions(present?: Role): [Role, string][] {
  const { t } = useTranslation();
  const mine = useAppSelector((state) => state.session.me?.role);
  const roles = rolesFor(mine);
  if (present && !roles.includes(present)) roles.push(present);
  return roles.map((name) => [name, t(`role.${name}`)]);
}

/** Whether a change makes an owner or unmakes one, which is asked about before. */
export function changesOwner(before: Role, after: Role): boolean {
  return before !== after && (before === "owner" || after === "owner");
}
