import { useTranslation } from "react-i18next";
import { Redirect } from "wouter";
import { useAppSelector } from "../store/store";
import { NoticePage } from "../ui/NoticePage";
import { Sections } from "../ui/Sections";
import { ModelsSection } from "./ModelsSection";
import { PeopleSection } from "./PeopleSection";

export default function AdminPage({ section }: { section?: string }) {
  const { t } = useTranslation();
  const role = useAppSelector((state) => state.session.me?.role);
  if (role && role !== "owner" && role !== "admin") return <NoticePage title={t("admin.forbidden")} />;
  const sections = [
    { name: "people", label: t("admin.people"), Body: PeopleSection },
    { name: "models", label: t("admin.models"), Body: ModelsSection },
  ];
  const current = sections.find(({ name }) => name === section);
  if (!current) return <Redirect to="/admin/people" replace />;
  return (
    <Sections title={t("admin.title")} base="/admin" current={current.name} sections={sections}>
      <current.Body />
    </Sections>
  );
}
