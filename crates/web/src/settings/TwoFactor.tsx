import { useState } from "react";
import { useTranslation } from "react-i18next";
import { encode } from "uqr";
import { api } from "../api/api";
import { at, request } from "../api/request";
import type { RecoveryCodes as Codes, TotpBegun } from "../contract";
import { useAppDispatch } from "../store/store";
import { Dialog, DialogFoot } from "../ui/Dialog";
import { Failed } from "../ui/Failed";
import { Field } from "../ui/Field";
import { useDates } from "../ui/dates";
import { useForm } from "../ui/form";
import { AccountProblem, Proof } from "./Proof";
import { RecoveryCodes } from "./RecoveryCodes";
import { useTotpQuery } from "./api";

type Step = "proof" | "disable" | "renew" | TotpBegun | null;

/** Codes of a device beside the password. */
export function TwoFactor() {
  const { t } = useTranslation();
  const { day } = useDates();
  const dispatch = useAppDispatch();
  const { data: totp, error } = useTotpQuery();
  const [step, setStep] = useState<Step>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const close = () => setStep(null);
  const changed = (recoveryCodes: string[] | null) => {
    setCodes(recoveryCodes);
    close();
    dispatch(api.util.invalidateTags(["Account"]));
  };
  return (
    <div className="part">
      <h2>{t("totp.title")}</h2>
      <Failed error={error} />
      {totp?.enabled_at ? (
        <>
          <p>{t("totp.on", { day: day(totp.enabled_at) })}</p>
          <p className="hint">{t("totp.codesLeft", { count: totp.recovery_codes })}</p>
          <p className="buttons">
            <button type="button" onClick={() => setStep("renew")}>
              {t("totp.renew")}
            </button>
            <button type="button" onClick={() => setStep("disable")}>
              {t("totp.disable")}
            </button>
          </p>
        </>
      ) : (
        totp && (
          <>
            <p>{t("totp.off")}</p>
            <button type="button" onClick={() => setStep("proof")}>
              {t("totp.setUp")}
            </button>
          </>
        )
      )}
      {codes && <RecoveryCodes codes={codes} onDone={() => setCodes(null)} />}
      {step === "proof" && (
        <Proof
          title={t("totp.setUp")}
          detail={t("totp.setUpDetail")}
          action={t("totp.continue")}
          onClose={close}
          work={async ({ current_password }) =>
            setStep(await request<TotpBegun>({ method: "POST", path: at("/api/v1/me/totp"), body: { current_password } }))
          }
        />
      )}
      {step === "disable" && (
        <Proof
          title={t("totp.disable")}
          detail={t("totp.disableDetail")}
          action={t("totp.disable")}
          isDangerous
          asksCode
          onClose={close}
          work={async ({ current_password, code }) => {
            await request({ method: "DELETE", path: at("/api/v1/me/totp"), body: { current_password, code } });
            changed(null);
          }}
        />
      )}
      {step === "renew" && (
        <Proof
          title={t("totp.renew")}
          detail={t("totp.renewDetail")}
          action={t("totp.renew")}
          asksCode
          onClose={close}
          work={async ({ current_password, code }) => {
            const body = { current_password, code };
            changed((await request<Codes>({ method: "POST", path: at("/api/v1/me/recovery-codes"), body })).recovery_codes);
          }}
        />
      )}
      {typeof step === "object" && step && <Connect begun={step} onClose={close} onDone={changed} />}
    </div>
  );
}

/** Shows the secret to a device, which answers with a first code. */
function Connect({ begun, onClose, onDone }: { begun: TotpBegun; onClose: () => void; onDone: (codes: string[]) => void }) {
  const { t } = useTranslation();
  const { problem, isBusy, onSubmit } = useForm(async ({ code = "" }) => {
    const body = { state: begun.state, code: code.replaceAll(/\s/g, "") };
    onDone((await request<Codes>({ method: "PUT", path: at("/api/v1/me/totp"), body })).recovery_codes);
  });
  return (
    <Dialog title={t("totp.setUp")} onClose={onClose} className="narrow">
      <p>{t("totp.scan")}</p>
      <QrCode text={begun.url} label={t("totp.qrLabel")} />
      <details className="by-hand">
        <summary>{t("totp.byHand")}</summary>
        <code>{begun.secret.match(/.{1,4}/g)?.join(" ")}</code>
      </details>
      <form onSubmit={onSubmit}>
        <AccountProblem problem={problem} fields={["code"]} />
        <Field
          label={t("session.code")}
          hint={t("totp.firstCode")}
          name="code"
          required
          autoFocus
          inputMode="numeric"
          autoComplete="one-time-code"
          maxLength={64}
          problem={problem}
        />
        <DialogFoot action={t("totp.enable")} isBusy={isBusy} onClose={onClose} />
      </form>
    </Dialog>
  );
}

/** A text that cameras read. Dark on light in every theme: some cameras read nothing else. */
function QrCode({ text, label }: { text: string; label: string }) {
  const { data, size } = encode(text, { ecc: "M", border: 2 });
  const squares = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  return (
    <svg className="qr" role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges">
      <path fill="#fff" d={`M0 0h${size}v${size}H0z`} />
      <path fill="#000" d={squares} />
    </svg>
  );
}
