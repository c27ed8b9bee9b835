import { useTranslation } from "react-i18next";
import type { Problem } from "../api/problem";

/** A problem in words. */
export function ProblemText({ problem }: { problem: Problem }) {
  const { t } = useTranslation();
  if (problem.slug === "unreachable") return <span>{t("app.unreachable")}</span>;
  if (problem.slug === "not_kept") return <span>{t("offline.notKept")}</span>;
  if (problem.slug === "garbled") return <span>{t("app.garbled", { status: problem.status })}</span>;
  const fields = problem.errors.map(({ pointer, detail }) => `${pointer.slice(1).replaceAll(/[/_]/g, " ")} ${detail}`);
  return <span dir="auto">{fields.length > 0 ? `${fields.join("; ")}.` : problem.detail}</span>;
}
