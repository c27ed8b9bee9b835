import { useTranslation } from "react-i18next";
import { Redirect } from "wouter";
import { useAppSelector } from "../store/store";
import { NoticePage } from "../ui/NoticePage";
import { Sections } from "../ui/Sections";
import { AuditSection } from "./AuditSection";
import { ModelsSection } from "./ModelsSection";
import { PeopleSection } from "./PeopleSection";
import { ProvidersSection } from "./ProvidersSection";
import { WorkspaceSection } from "./WorkspaceSection";

export default function AdminPage({ section }: { section?: string }) {
  const { t } = useTranslation();
  const role = useAppSelector((state) => state.session.me?.role);
  if (role && role !== "owner" && role !== "admin") return <NoticePage title={t("admin.forbidden")} />;
  const sections = [
    { name: "people", label: t("admin.people"), Body: PeopleSection },
    { name: "workspace", label: t("admin.workspace"), Body: WorkspaceSection },
    { name: "providers", label: t("admin.providers"), Body: ProvidersSection },
    { name: "models", label: t("admin.models"), Body: ModelsSection },
    { name: "audit", label: t("admin.audit"), Body: AuditSection },
  ];
  const current = sections.find(({ name }) => name === section);
  if (!current) return <Redirect to="/admin/people" replace />;
  return (
    <Sections title={t("admin.title")} base="/admin" current={current.name} sections={sections}>
      <current.Body />
    </Sections>
  );
}
