import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, useSignInOptionsQuery } from "../api/api";
import { at, request } from "../api/request";
import type { ExternalIdentity } from "../contract";
import { useFragment } from "../session/token";
import { useAppDispatch } from "../store/store";
import { Failed } from "../ui/Failed";
import { Table } from "../ui/Table";
import { useDates } from "../ui/dates";
import { Proof } from "./Proof";
import { useExternalIdentitiesQuery } from "./api";

type Step = { link: { name: string; label: string } } | { unlink: ExternalIdentity } | null;

/** The providers through which the person can sign in. Nothing where there are none. */
export function ExternalIdentities() {
  const { t } = useTranslation();
  const { day } = useDates();
  const dispatch = useAppDispatch();
  const { data: identities = [], error } = useExternalIdentitiesQuery();
  const { data: options } = useSignInOptionsQuery();
  const [step, setStep] = useState<Step>(null);
  // Coming back from a provider that could not be added.
  const failure = useFragment("error");
  const close = () => setStep(null);
  const isNew = ({ label }: { label: string }) => !identities.some((identity) => identity.label === label);
  const providers = (options?.sign_in_providers ?? []).filter(isNew);
  if (providers.length === 0 && identities.length === 0) return null;
  return (
    <div className="part">
      <h2>{t("external.title")}</h2>
      <Failed error={error} />
      {failure !== "" && (
        <p className="error" role="alert">
          {failure === "identity_taken" ? t("signIn.identity_taken") : t("external.failed")}
        </p>
      )}
      {identities.length > 0 && (
        <Table label={t("external.title")} headings={[t("external.provider"), t("external.since")]} actions={t("app.actions")}>
          {identities.map((identity) => {
            const name = identity.label ?? identity.issuer;
            return (
              <tr key={`${identity.issuer} ${identity.subject}`}>
                <td>{name}</td>
                <td className="when">{day(identity.created_at)}</td>
                <td>
                  <button type="button" aria-label={t("external.removeOne", { name })} onClick={() => setStep({ unlink: identity })}>
                    {t("app.remove")}
                  </button>
                </td>
              </tr>
            );
          })}
        </Table>
      )}
      <p className="buttons">
        {providers.map((provider) => (
          <button key={provider.name} type="button" onClick={() => setStep({ link: provider })}>
            {t("external.add", { name: provider.label })}
          </button>
        ))}
      </p>
      {step && "link" in step && (
        <Proof
          title={t("external.add", { name: step.link.label })}
          detail={t("external.addDetail")}
          action={t("totp.continue")}
          onClose={close}
          work={async ({ current_password }) => {
            const path = at("/api/v1/me/external-identities/{provider}", { provider: step.link.name });
            const body = { current_password, next: "/settings/security" };
            location.assign((await request<{ url: string }>({ method: "POST", path, body })).url);
          }}
        />
      )}
      {step && "unlink" in step && (
        <Proof
          title={t("external.removeOne", { name: step.unlink.label ?? step.unlink.issuer })}
          detail={t("external.removeDetail")}
          action={t("app.remove")}
          isDangerous
          onClose={close}
          work={async ({ current_password }) => {
            const { issuer, subject } = step.unlink;
            const path = at("/api/v1/me/external-identities");
            await request({ method: "DELETE", path, body: { issuer, subject, current_password } });
            close();
            dispatch(api.util.invalidateTags(["Account"]));
          }}
        />
      )}
    </div>
  );
}
