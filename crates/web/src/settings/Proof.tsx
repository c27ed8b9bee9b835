import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Problem } from "../api/problem";
import { sessionExpired } from "../session/slice";
import { useAppDispatch, useAppSelector } from "../store/store";
import { Dialog, DialogFoot } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { FormProblem } from "../ui/FormProblem";
import { useForm } from "../ui/form";

/** The present password, where the person has one: some changes of the account ask for it. */
export function CurrentPassword({ problem, autoFocus = false }: { problem: Problem | null; autoFocus?: boolean }) {
  const { t } = useTranslation();
  const hasPassword = useAppSelector((state) => state.session.me?.has_password ?? true);
  if (!hasPassword) return null;
  return (
    <Field
      label={t("security.currentPassword")}
      name="current_password"
      type="password"
      autoComplete="current-password"
      required
      autoFocus={autoFocus}
      problem={problem}
    />
  );
}

/** What a form found wrong. Whoever has no password proves by signing in again who they are. */
export function AccountProblem({ problem, fields }: { problem: Problem | null; fields: string[] }) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  return (
    <FormProblem problem={problem} fields={["current_password", ...fields]}>
      {problem?.slug === "sign_in_again" && (
        <button type="button" className="link" onClick={() => dispatch(sessionExpired())}>
          {t("session.again")}
        </button>
      )}
    </FormProblem>
  );
}

interface ProofProps {
  title: string;
  detail: string;
  action: string;
  isDangerous?: boolean;
  /** Whether a code of the person's device is asked for too. */
  asksCode?: boolean;
  /** Further fields, with what is wrong with them. */
  fields?: (problem: Problem | null) => ReactNode;
  names?: string[];
  work: (fields: Record<string, string>) => Promise<void>;
  onClose: () => void;
}

/** Asks once more who somebody is, and does what they want. */
export function Proof({ title, detail, action, isDangerous = false, asksCode = false, fields, names = [], work, onClose }: ProofProps) {
  const { t } = useTranslation();
  const { problem, isBusy, onSubmit } = useForm(work);
  return (
    <Dialog title={title} onClose={onClose} className="narrow">
      <p>{detail}</p>
      <form onSubmit={onSubmit}>
        <AccountProblem problem={problem} fields={["code", ...names]} />
        {fields?.(problem)}
        <CurrentPassword problem={problem} autoFocus={!fields} />
        {asksCode && (
          <Field label={t("session.code")} hint={t("security.codeHint")} name="code" required autoComplete="one-time-code" problem={problem} />
        )}
        <DialogFoot action={action} isBusy={isBusy} isDangerous={isDangerous} onClose={onClose} />
      </form>
    </Dialog>
  );
}
