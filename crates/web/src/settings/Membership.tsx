import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useWorkspacesQuery } from "../api/api";
import { forgetKept } from "../offline/state";
import { Confirm } from "../ui/Dialog";
import { useTold } from "../ui/told";
import { useLeaveWorkspaceMutation } from "./api";

/** The workspace that the person looks at, and the way out of it. Nothing where there is no other one to be in. */
export function Membership({ workspaceId }: { workspaceId: string }) {
  const { t } = useTranslation();
  const tell = useTold();
  const { data: workspaces = [] } = useWorkspacesQuery();
  const [leave] = useLeaveWorkspaceMutation();
  const [asks, setAsks] = useState(false);
  const name = workspaces.find(({ id }) => id === workspaceId)?.name;
  if (workspaces.length < 2 || name === undefined) return null;
  const go = async () => {
    if (!tell(await leave(workspaceId))) return;
    forgetKept();
    // Everything on the page belongs to the workspace, perhaps the session too.
    location.assign("/");
  };
  return (
    <div className="part">
      <h2>{t("workspace.leaveHeading")}</h2>
      <p>{t("workspace.leaveIntro", { name })}</p>
      <button type="button" onClick={() => setAsks(true)}>
        {t("workspace.leave")}
      </button>
      {asks && (
        <Confirm
          title={t("workspace.leaveTitle", { name })}
          detail={t("workspace.leaveDetail")}
          action={t("workspace.leave")}
          onClose={() => setAsks(false)}
          onConfirm={() => void go()}
        />
      )}
    </div>
  );
}
