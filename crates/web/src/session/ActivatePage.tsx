import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { at, request } from "../api/request";
import { useAppDispatch } from "../store/store";
import { Field } from "../ui/Field";
import { NoLink } from "./Card";
import { FormCard } from "./FormCard";
import { NewPassword } from "./NewPassword";
import { entered } from "./actions";
import { useFragment } from "./token";

/** Chooses the first password of an account that an administrator made. */
export default function ActivatePage() {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const [, navigate] = useLocation();
  const token = useFragment("token");
  if (token === "") return <NoLink />;
  return (
    <FormCard
      title={t("session.activateTitle")}
      detail={t("session.activateDetail")}
      action={t("session.activateAction")}
      fields={["password", "display_name"]}
      work={async ({ password = "", display_name = "" }) => {
        const body = { token, password, display_name: display_name === "" ? undefined : display_name };
        await request({ method: "POST", path: at("/api/v1/auth/activate"), body });
        await dispatch(entered());
        navigate("/", { replace: true });
      }}
    >
      {(problem) => (
        <>
          <Field
            label={t("session.nameOptional")}
            name="display_name"
            autoComplete="name"
            hint={t("session.nameOptionalHint")}
            problem={problem}
          />
          <NewPassword label={t("session.password")} problem={problem} />
        </>
      )}
    </FormCard>
  );
}
