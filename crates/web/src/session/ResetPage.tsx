import { useState } from "react";
import { useTranslation } from "react-i18next";
import { at, request } from "../api/request";
import { NoLink, SignInNext } from "./Card";
import { FormCard } from "./FormCard";
import { NewPassword } from "./NewPassword";
import { useFragment } from "./token";

/** Chooses a new password with the token of a link. */
export default function ResetPage() {
  const { t } = useTranslation();
  const token = useFragment("token");
  const [isDone, setDone] = useState(false);
  if (token === "") return <NoLink />;
  if (isDone) {
    return (
      <SignInNext title={t("session.resetTitle")}>
        <p role="status">{t("session.resetDone")}</p>
      </SignInNext>
    );
  }
  return (
    <FormCard
      title={t("session.resetTitle")}
      detail={t("session.resetDetail")}
      action={t("session.resetAction")}
      fields={["password"]}
      work={async ({ password = "" }) => {
        await request({ method: "POST", path: at("/api/v1/auth/reset-password"), body: { token, password } });
        setDone(true);
      }}
    >
      {(problem) => <NewPassword label={t("session.newPassword")} problem={problem} autoFocus />}
    </FormCard>
  );
}
