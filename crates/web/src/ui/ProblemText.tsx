import { useTranslation } from "react-i18next";
import type { Problem } from "../api/problem";
import { useProblemWords } from "../i18n/problems";

/** A problem in words. */
export function ProblemText({ problem }: { problem: Problem }) {
  const { t } = useTranslation();
  const { ofProblem, ofField } = useProblemWords();
  if (problem.slug === "unreachable") return <span>{t("app.unreachable")}</span>;
  if (problem.slug === "not_kept") return <span>{t("offline.notKept")}</span>;
  if (problem.slug === "garbled") return <span>{t("app.garbled", { status: problem.status })}</span>;
  const fields = problem.errors.map((error) => `${error.pointer.slice(1).replaceAll(/[/_]/g, " ")}: ${ofField(error)}`);
  return <span dir="auto">{fields.length > 0 ? fields.join(" ") : ofProblem(problem)}</span>;
}
