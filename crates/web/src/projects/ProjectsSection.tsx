import { Folder, FolderPlus } from "lucide-react";
import { Suspense, lazy, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useRoute } from "wouter";
import { useProjectsQuery } from "../api/api";
import { withTexts } from "../i18n";
import { useAppSelector } from "../store/store";

const ProjectDialog = lazy(() => withTexts(import("./ProjectDialog")));

/** The projects in the sidebar. */
export function ProjectsSection() {
  const { t } = useTranslation();
  const isSignedIn = useAppSelector((state) => state.session.status === "signed-in");
  const mayMake = useAppSelector((state) => state.session.me?.role !== "viewer");
  const { data: projects = [] } = useProjectsQuery(undefined, { skip: !isSignedIn });
  const [, route] = useRoute("/projects/:id");
  const [makes, setMakes] = useState(false);
  return (
    <>
      <section className="projects" aria-label={t("projects.title")}>
        <header>
          <h2>{t("projects.title")}</h2>
          {mayMake && (
            <button type="button" className="small" title={t("projects.new")} onClick={() => setMakes(true)}>
              <FolderPlus aria-hidden size={16} />
              <span className="hidden">{t("projects.new")}</span>
            </button>
          )}
        </header>
        {projects.length > 0 && (
          <ul>
            {projects.map(({ id, name }) => (
              <li key={id}>
                <Link href={`/projects/${id}`} aria-current={route?.id === id ? "page" : undefined}>
                  <Folder aria-hidden size={16} />
                  <span dir="auto">{name}</span>
                </Link>
              </li>
            ))}
          </ul>
        )}
      </section>
      {makes && (
        <Suspense fallback={null}>
          <ProjectDialog project={null} onClose={() => setMakes(false)} />
        </Suspense>
      )}
    </>
  );
}
