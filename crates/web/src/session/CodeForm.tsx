import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useAppDispatch } from "../store/store";
import { Field } from "../ui/Field";
import { FormProblem } from "../ui/FormProblem";
import { useForm } from "../ui/form";
import { signIn } from "./actions";

interface CodeFormProps {
  email: string;
  password: string;
  onBack: () => void;
}

/** The second step: what a device shows, or one of the codes that were kept for when it is lost. */
export default function CodeForm({ email, password, onBack }: CodeFormProps) {
  const { t } = useTranslation();
  const [isRecovery, setRecovery] = useState(false);
  return (
    <>
      <CodeFields key={String(isRecovery)} email={email} password={password} isRecovery={isRecovery} />
      <p className="card-links">
        <button type="button" className="link" onClick={() => setRecovery(!isRecovery)}>
          {isRecovery ? t("session.useCode") : t("session.useRecovery")}
        </button>
        <button type="button" className="link" onClick={onBack}>
          {t("session.back")}
        </button>
      </p>
    </>
  );
}

function CodeFields({ email, password, isRecovery }: { email: string; password: string; isRecovery: boolean }) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const { problem, isBusy, onSubmit } = useForm(({ code = "" }) => dispatch(signIn(email, password, code.trim())));
  // The server does not tell which of the three was wrong; the other two were right a moment ago.
  const isWrong = problem?.slug === "wrong_credentials";
  return (
    <form onSubmit={onSubmit}>
      <p>{isRecovery ? t("session.recoveryDetail") : t("session.codeDetail")}</p>
      {isWrong ? (
        <p className="error" role="alert">
          {isRecovery ? t("session.wrongRecovery") : t("session.wrongCode")}
        </p>
      ) : (
        <FormProblem problem={problem} fields={["code"]} />
      )}
      <Field
        label={isRecovery ? t("session.recoveryCode") : t("session.code")}
        name="code"
        required
        autoFocus
        autoComplete={isRecovery ? "off" : "one-time-code"}
        inputMode={isRecovery ? "text" : "numeric"}
        autoCapitalize="none"
        spellCheck={false}
        maxLength={64}
        problem={problem}
      />
      <button type="submit" className="primary wide" aria-disabled={isBusy}>
        {t("session.signIn")}
      </button>
    </form>
  );
}
