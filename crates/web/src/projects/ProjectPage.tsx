import { Pencil, SquarePen, Trash2, Users } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import { isProblem } from "../api/problem";
import { useAppSelector } from "../store/store";
import { Confirm } from "../ui/Dialog";
import { Failed } from "../ui/Failed";
import { More, itemsOf } from "../ui/More";
import { NoticePage } from "../ui/NoticePage";
import { useDates } from "../ui/dates";
import { useTitle } from "../ui/title";
import { useTold } from "../ui/told";
import { MembersDialog } from "./MembersDialog";
import ProjectDialog from "./ProjectDialog";
import { useDeleteProjectMutation, useProjectConversationsInfiniteQuery, useProjectQuery } from "./api";

/** A project: what is talked about in it, and who sees it. */
export default function ProjectPage({ id }: { id: string }) {
  const { t } = useTranslation();
  const { time } = useDates();
  const tell = useTold("notice.notDeleted");
  const [, navigate] = useLocation();
  const me = useAppSelector((state) => state.session.me?.id);
  const { data: project, error } = useProjectQuery(id);
  const [typed, setTyped] = useState("");
  const q = useDeferredValue(typed.trim());
  const list = useProjectConversationsInfiniteQuery({ project: id, q });
  const [remove] = useDeleteProjectMutation();
  const [shown, setShown] = useState<"edit" | "members" | "delete" | null>(null);
  useTitle(project?.name ?? t("projects.title"));
  const close = () => setShown(null);
  if (isProblem(error) && (error.status === 404 || error.status === 422)) {
    return (
      <NoticePage title={t("app.nowhere")}>
        <p>{t("app.nowhereDetail")}</p>
      </NoticePage>
    );
  }
  const conversations = itemsOf(list);
  const manages = project?.access === "manage";
  return (
    <main id="main" className="page" tabIndex={-1}>
      <div className="page-body">
        <h1 dir="auto">{project?.name ?? "…"}</h1>
        <Failed error={error} />
        {project?.description && (
          <p className="quiet description" dir="auto">
            {project.description}
          </p>
        )}
        <p className="buttons">
          {project && project.access !== "read" && (
            <Link href={`/?project=${id}`} className="button primary">
              <SquarePen aria-hidden size={16} />
              {t("projects.newChat")}
            </Link>
          )}
          <button type="button" onClick={() => setShown("members")}>
            <Users aria-hidden size={16} />
            {t("projects.members")}
          </button>
          {manages && (
            <>
              <button type="button" onClick={() => setShown("edit")}>
                <Pencil aria-hidden size={16} />
                {t("message.edit")}
              </button>
              <button type="button" onClick={() => setShown("delete")}>
                <Trash2 aria-hidden size={16} />
                {t("list.delete")}
              </button>
            </>
          )}
        </p>
        <section aria-label={t("projects.chats")}>
          <input
            type="search"
            aria-label={t("nav.filter")}
            placeholder={t("nav.filter")}
            maxLength={200}
            dir="auto"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
          <Failed error={list.error} />
          {list.isSuccess && conversations.length === 0 && (
            <p className="hint">{q === "" ? t("projects.empty") : t("list.noMatch", { q })}</p>
          )}
          <ul className="hits">
            {conversations.map((conversation) => (
              <li key={conversation.id}>
                <Link href={`/c/${conversation.id}`} className="hit">
                  <span className="hit-head">
                    <strong dir="auto">{conversation.title || t("list.untitled")}</strong>
                    <span>{time(conversation.updated_at)}</span>
                    {conversation.owner_id !== me && <span className="tag">{t("projects.byOther")}</span>}
                  </span>
                </Link>
              </li>
            ))}
          </ul>
          <More list={list} />
        </section>
      </div>
      {project && shown === "edit" && <ProjectDialog project={project} onClose={close} />}
      {project && shown === "members" && <MembersDialog project={project} onClose={close} />}
      {project && shown === "delete" && (
        <Confirm
          title={t("projects.deleteTitle", { name: project.name })}
          detail={t("projects.deleteDetail")}
          action={t("list.delete")}
          onClose={close}
          onConfirm={() => {
            void remove(project).then((outcome) => {
              if (tell(outcome)) navigate("/", { replace: true });
            });
          }}
        />
      )}
    </main>
  );
}
