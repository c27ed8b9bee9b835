import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Problem, isProblem } from "../api/problem";
import type { Access, Project } from "../contract";
import { useAppSelector } from "../store/store";
import { Choice } from "../ui/Choice";
import { Dialog } from "../ui/Dialog";
import { Failed } from "../ui/Failed";
import { useColleaguesQuery, useProjectMembersQuery, useRemoveProjectMemberMutation, useSetProjectMemberMutation } from "./api";

const ACCESS: readonly Access[] = ["read", "write", "manage"];

/** Who sees a project, and what they may do there. */
export function MembersDialog({ project, onClose }: { project: Project; onClose: () => void }) {
  const { t } = useTranslation();
  const workspaceId = useAppSelector((state) => state.session.me?.workspace_id ?? "");
  const { data: members = [], error } = useProjectMembersQuery(project.id);
  const { data: colleagues = [] } = useColleaguesQuery(workspaceId);
  const [set] = useSetProjectMemberMutation();
  const [remove] = useRemoveProjectMemberMutation();
  const [problem, setProblem] = useState<Problem | null>(null);
  const [added, setAdded] = useState("");
  const manages = project.access === "manage";
  const others = colleagues.filter(({ user_id: id }) => !members.some((member) => member.user_id === id));
  const attempt = async (work: Promise<{ error?: unknown }>) => {
    setProblem(null);
    const { error: refused } = await work;
    if (isProblem(refused)) setProblem(refused);
  };
  const change = (userId: string, access: Access) => void attempt(set({ projectId: project.id, userId, access }));
  return (
    <Dialog title={t("projects.members")} onClose={onClose}>
      <Failed error={error ?? problem} />
      <ul className="member-list">
        {members.map((member) => (
          <li key={member.user_id}>
            <span dir="auto">{member.display_name}</span>
            {manages ? (
              <>
                <select
                  aria-label={t("projects.accessOf", { name: member.display_name })}
                  value={member.access}
                  onChange={(event) => change(member.user_id, event.target.value as Access)}
                >
                  {ACCESS.map((access) => (
                    <option key={access} value={access}>
                      {t(`projects.access.${access}`)}
                    </option>
                  ))}
                </select>
                <button
                  type="button"
                  aria-label={t("projects.removeOne", { name: member.display_name })}
                  onClick={() => void attempt(remove({ projectId: project.id, userId: member.user_id }))}
                >
                  {t("app.remove")}
                </button>
              </>
            ) : (
              <span className="quiet">{t(`projects.access.${member.access}`)}</span>
            )}
          </li>
        ))}
      </ul>
      {manages && others.length > 0 && (
        <form
          className="inline-form"
          onSubmit={(event) => {
            event.preventDefault();
            if (added !== "") change(added, "read");
            setAdded("");
          }}
        >
          <Choice
            label={t("projects.add")}
            options={[["", t("projects.choose")], ...others.map(({ user_id: id, display_name: name }) => [id, name] as const)]}
            required
            value={added}
            onChoose={setAdded}
          />
          <button type="submit">{t("projects.addAction")}</button>
        </form>
      )}
    </Dialog>
  );
}
