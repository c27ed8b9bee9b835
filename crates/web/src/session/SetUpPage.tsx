import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { useAppDispatch } from "../store/store";
import { Field, isOfFields } from "../ui/Field";
import { ProblemText } from "../ui/ProblemText";
import { useForm } from "../ui/form";
import { useTitle } from "../ui/title";
import { Card } from "./Card";
import { setUp } from "./actions";
import { useFragment } from "./token";

/** Makes the first account, with the token that the server printed. */
export default function SetUpPage() {
  const { t } = useTranslation();
  useTitle(t("session.setUp"));
  const [, navigate] = useLocation();
  const dispatch = useAppDispatch();
  const token = useFragment("token");
  const { problem, isBusy, onSubmit } = useForm(async (fields) => {
    const { display_name = "", email = "", password = "" } = fields;
    await dispatch(setUp({ token, display_name, email, password }));
    navigate("/", { replace: true });
  });
  if (token === "") {
    return (
      <Card title={t("session.noToken")}>
        <p>{t("session.noTokenDetail")}</p>
      </Card>
    );
  }
  return (
    <Card title={t("session.setUp")}>
      <p className="quiet">{t("session.setUpDetail")}</p>
      <form onSubmit={onSubmit}>
        {problem && !isOfFields(problem, ["display_name", "email", "password"]) && (
          <p className="error" role="alert">
            <ProblemText problem={problem} />
          </p>
        )}
        <Field label={t("session.name")} name="display_name" autoComplete="name" required autoFocus problem={problem} />
        <Field label={t("session.email")} name="email" type="email" autoComplete="username" required problem={problem} />
        <Field
          label={t("session.password")}
          name="password"
          type="password"
          autoComplete="new-password"
          required
          hint={t("session.passwordHint")}
          problem={problem}
        />
        <button type="submit" className="primary wide" aria-disabled={isBusy}>
          {t("session.create")}
        </button>
      </form>
    </Card>
  );
}
