import { useTranslation } from "react-i18next";

/** Why signing in elsewhere led back here. */
const REASONS = [
  "account_exists",
  "email_unverified",
  "identity_taken",
  "no_address",
  "registration_closed",
  "sign_in_denied",
  "sign_in_expired",
] as const;

/** What is said to whoever comes to sign in: why that did not work elsewhere, or that their account is deleted. */
export default function Arrival({ failure }: { failure: string }) {
  const { t } = useTranslation();
  if (failure === "") {
    return (
      <p className="banner" role="status">
        {t("session.accountDeleted")}
      </p>
    );
  }
  const reason = REASONS.find((slug) => slug === failure);
  return (
    <p className="error" role="alert">
      {reason ? t(`signIn.${reason}`) : t("signIn.failed")}
    </p>
  );
}
