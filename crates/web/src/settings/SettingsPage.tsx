import { useTranslation } from "react-i18next";
import { Redirect } from "wouter";
import { Sections } from "../ui/Sections";
import { AccountSection } from "./AccountSection";
import { ApiKeysSection } from "./ApiKeysSection";
import { AppearanceSection } from "./AppearanceSection";
import { DataSection } from "./DataSection";
import { SecuritySection } from "./SecuritySection";

export default function SettingsPage({ section }: { section?: string }) {
  const { t } = useTranslation();
  const sections = [
    { name: "account", label: t("settings.account"), Body: AccountSection },
    { name: "security", label: t("settings.security"), Body: SecuritySection },
    { name: "appearance", label: t("settings.appearance"), Body: AppearanceSection },
    { name: "api-keys", label: t("settings.apiKeys"), Body: ApiKeysSection },
    { name: "data", label: t("settings.data"), Body: DataSection },
  ];
  const current = sections.find(({ name }) => name === section);
  if (!current) return <Redirect to="/settings/account" replace />;
  return (
    <Sections title={t("settings.title")} base="/settings" current={current.name} sections={sections}>
      <current.Body />
    </Sections>
  );
}
