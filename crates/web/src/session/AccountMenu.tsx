import { BookOpen, Building2, Check, Keyboard, LogOut, Settings, Users } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { useWorkspacesQuery } from "../api/api";
import { useAppDispatch, useAppSelector } from "../store/store";
import { Menu, MenuItem, MenuLabel, MenuSeparator } from "../ui/Menu";
import { noticed } from "../ui/notices";
import { signOut, switchWorkspace } from "./actions";

/** Who is signed in, and what belongs to them. */
export function AccountMenu({ onShortcuts }: { onShortcuts: () => void }) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const [, navigate] = useLocation();
  const me = useAppSelector((state) => state.session.me);
  const isSignedIn = useAppSelector((state) => state.session.status === "signed-in");
  const { data: workspaces = [] } = useWorkspacesQuery(undefined, { skip: !isSignedIn });
  if (!me) return null;
  const isAdmin = me.role === "owner" || me.role === "admin";
  const leave = () => dispatch(signOut()).catch(() => dispatch(noticed("notice.notSaved")));
  const go = (workspaceId: string) => dispatch(switchWorkspace(workspaceId)).catch(() => dispatch(noticed("notice.notSaved")));
  return (
    <div className="account">
      <Menu
        align="start"
        side="top"
        trigger={
          <button type="button" aria-label={t("nav.account", { name: me.display_name })}>
            <span className="avatar" aria-hidden>
              {[...me.display_name][0]?.toUpperCase()}
            </span>
            <span className="name" dir="auto">
              {me.display_name}
              {workspaces.length > 1 && <small dir="auto">{workspaces.find(({ id }) => id === me.workspace_id)?.name}</small>}
            </span>
          </button>
        }
      >
        <MenuItem icon={<Settings size={16} />} onSelect={() => navigate("/settings")}>
          {t("nav.settings")}
        </MenuItem>
        {isAdmin && (
          <MenuItem icon={<Users size={16} />} onSelect={() => navigate("/admin")}>
            {t("nav.administration")}
          </MenuItem>
        )}
        <MenuItem icon={<Keyboard size={16} />} onSelect={() => setTimeout(onShortcuts)}>
          {t("nav.shortcuts")}
        </MenuItem>
        <MenuItem icon={<BookOpen size={16} />} onSelect={() => window.open("/docs", "_blank", "noopener")}>
          {t("nav.documentation")}
        </MenuItem>
        {workspaces.length > 1 && (
          <>
            <MenuSeparator />
            <MenuLabel>{t("workspace.switch")}</MenuLabel>
            {workspaces.map(({ id, name }) => {
              const isHere = id === me.workspace_id;
              return (
                <MenuItem key={id} icon={isHere ? <Check size={16} /> : <Building2 size={16} />} onSelect={() => !isHere && void go(id)}>
                  {name}
                  {isHere && <span className="hidden"> {t("workspace.here")}</span>}
                </MenuItem>
              );
            })}
          </>
        )}
        <MenuSeparator />
        <MenuItem icon={<LogOut size={16} />} onSelect={() => void leave()}>
          {t("session.signOut")}
        </MenuItem>
      </Menu>
    </div>
  );
}
