import { useTranslation } from "react-i18next";
import type { Problem } from "../api/problem";
import { Field } from "../ui/Field";

interface NewPasswordProps {
  label: string;
  problem: Problem | null;
  autoFocus?: boolean;
}

/** A password that is being chosen. */
export function NewPassword({ label, problem, autoFocus = false }: NewPasswordProps) {
  const { t } = useTranslation();
  return (
    <Field
      label={label}
      name="password"
      type="password"
      autoComplete="new-password"
      required
      autoFocus={autoFocus}
      hint={t("session.passwordHint")}
      problem={problem}
    />
  );
}
