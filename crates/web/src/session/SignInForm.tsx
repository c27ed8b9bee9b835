import { useTranslation } from "react-i18next";
import { useAppDispatch } from "../store/store";
import { Field, isOfFields } from "../ui/Field";
import { ProblemText } from "../ui/ProblemText";
import { useForm } from "../ui/form";
import { signIn } from "./actions";

export function SignInForm({ email }: { email?: string }) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const { problem, isBusy, onSubmit } = useForm((fields) =>
    dispatch(signIn(fields["email"] ?? "", fields["password"] ?? "")),
  );
  return (
    <form onSubmit={onSubmit}>
      {problem && !isOfFields(problem, ["email", "password"]) && (
        <p className="error" role="alert">
          <ProblemText problem={problem} />
        </p>
      )}
      <Field
        label={t("session.email")}
        name="email"
        type="email"
        autoComplete="username"
        required
        defaultValue={email}
        autoFocus={!email}
        problem={problem}
      />
      <Field
        label={t("session.password")}
        name="password"
        type="password"
        autoComplete="current-password"
        required
        autoFocus={Boolean(email)}
        problem={problem}
      />
      <button type="submit" className="primary wide" aria-disabled={isBusy}>
        {t("session.signIn")}
      </button>
    </form>
  );
}
