import { useTranslation } from "react-i18next";
import { useAppSelector } from "../store/store";
import { Dialog } from "../ui/Dialog";
import { SignInForm } from "./SignInForm";

/** Signing in again over the page as it is, so that nothing that was typed is lost. */
export default function SignInAgain() {
  const { t } = useTranslation();
  const email = useAppSelector((state) => state.session.me?.email);
  return (
    <Dialog title={t("session.again")} className="narrow">
      <p>{t("session.againDetail")}</p>
      <SignInForm email={email} next={location.pathname + location.search} />
    </Dialog>
  );
}
