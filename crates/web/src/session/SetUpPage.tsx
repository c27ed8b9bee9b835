import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { useAppDispatch } from "../store/store";
import { Field } from "../ui/Field";
import { Card } from "./Card";
import { FormCard } from "./FormCard";
import { NewPassword } from "./NewPassword";
import { setUp } from "./actions";
import { useFragment } from "./token";

/** Makes the first account, with the token that the server printed. */
export default function SetUpPage() {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const dispatch = useAppDispatch();
  const token = useFragment("token");
  if (token === "") {
    return (
      <Card title={t("session.noToken")}>
        <p>{t("session.noTokenDetail")}</p>
      </Card>
    );
  }
  return (
    <FormCard
      title={t("session.setUp")}
      detail={t("session.setUpDetail")}
      action={t("session.create")}
      fields={["display_name", "email", "password"]}
      work={async ({ display_name = "", email = "", password = "" }) => {
        await dispatch(setUp({ token, display_name, email, password }));
        navigate("/", { replace: true });
      }}
    >
      {(problem) => (
        <>
          <Field label={t("session.name")} name="display_name" autoComplete="name" required autoFocus problem={problem} />
          <Field label={t("session.email")} name="email" type="email" autoComplete="username" required problem={problem} />
          <NewPassword label={t("session.password")} problem={problem} />
        </>
      )}
    </FormCard>
  );
}
