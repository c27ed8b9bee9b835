import { useTranslation } from "react-i18next";
import { Redirect } from "wouter";
import { Sections } from "../ui/Sections";
import { AccountSection } from "./AccountSection";
import { ApiKeysSection } from "./ApiKeysSection";
import { AppearanceSection } from "./AppearanceSection";

export default function SettingsPage({ section }: { section?: string }) {
  const { t } = useTranslation();
  const sections = [
    { name: "account", label: t("settings.account"), Body: AccountSection },
    { name: "appearance", label: t("settings.appearance"), Body: AppearanceSection },
    { name: "api-keys", label: t("settings.apiKeys"), Body: ApiKeysSection },
  ];
  const current = sections.find(({ name }) => name === section);
  if (!current) return <Redirect to="/settings/account" replace />;
  return (
    <Sections title={t("settings.title")} base="/settings" current={current.name} sections={sections}>
      <current.Body />
    </Sections>
  );
}
