import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, useSignInOptionsQuery } from "../api/api";
import { at, request } from "../api/request";
import type { Passkey } from "../contract";
import { addPasskey } from "../session/passkeys";
import { hasPasskeys } from "../session/ways";
import { useAppDispatch } from "../store/store";
import { Dialog, DialogFoot } from "../ui/Dialog";
import { Failed } from "../ui/Failed";
import { Field } from "../ui/Field";
import { Table } from "../ui/Table";
import { useDates } from "../ui/dates";
import { useForm } from "../ui/form";
import { AccountProblem, Proof } from "./Proof";
import { usePasskeysQuery } from "./api";

type Step = { kind: "add" } | { kind: "rename" | "remove"; passkey: Passkey } | null;

/** Passkeys: keys on the person's devices that take the place of password and code. */
export function Passkeys() {
  const { t } = useTranslation();
  const { day, time } = useDates();
  const dispatch = useAppDispatch();
  const { data: passkeys = [], error } = usePasskeysQuery();
  const { data: options } = useSignInOptionsQuery();
  const [step, setStep] = useState<Step>(null);
  const close = () => setStep(null);
  const changed = () => {
    close();
    dispatch(api.util.invalidateTags(["Account"]));
  };
  const arePossible = options?.passkeys === true && hasPasskeys();
  const nameField = (problem: Parameters<typeof AccountProblem>[0]["problem"], name = "") => (
    <Field
      label={t("passkeys.name")}
      name="name"
      required
      maxLength={100}
      autoFocus
      dir="auto"
      defaultValue={name}
      placeholder={t("passkeys.namePlaceholder")}
      problem={problem}
    />
  );
  return (
    <div className="part">
      <h2>{t("passkeys.title")}</h2>
      <p>{t("passkeys.intro")}</p>
      <Failed error={error} />
      {passkeys.length > 0 && (
        <Table label={t("passkeys.title")} headings={[t("passkeys.name"), t("passkeys.added"), t("passkeys.lastUsed")]} actions={t("app.actions")}>
          {passkeys.map((passkey) => (
            <tr key={passkey.id}>
              <td dir="auto">{passkey.name}</td>
              <td className="when">{day(passkey.created_at)}</td>
              <td className="when">{passkey.last_used_at ? time(passkey.last_used_at) : t("app.never")}</td>
              <td className="actions">
                <button
                  type="button"
                  aria-label={t("passkeys.renameOne", { name: passkey.name })}
                  onClick={() => setStep({ kind: "rename", passkey })}
                >
                  {t("list.rename")}
                </button>
                <button
                  type="button"
                  aria-label={t("passkeys.removeOne", { name: passkey.name })}
                  onClick={() => setStep({ kind: "remove", passkey })}
                >
                  {t("app.remove")}
                </button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      {arePossible ? (
        <button type="button" onClick={() => setStep({ kind: "add" })}>
          {t("passkeys.add")}
        </button>
      ) : (
        options && (
          <p className="hint">
            {options.passkeys ? t("passkeys.noBrowser") : t("passkeys.noServer")}
            {!options.passkeys && isThisMachine() && ` ${t("passkeys.localhost", { address: byName() })}`}
          </p>
        )
      )}
      {step?.kind === "add" && (
        <Proof
          title={t("passkeys.add")}
          detail={t("passkeys.addDetail")}
          action={t("passkeys.add")}
          names={["name"]}
          fields={(problem) => nameField(problem)}
          onClose={close}
          work={async ({ name = "", current_password }) => {
            if (await addPasskey(name, current_password)) changed();
          }}
        />
      )}
      {step?.kind === "rename" && <Rename passkey={step.passkey} field={nameField} onClose={close} onDone={changed} />}
      {step?.kind === "remove" && (
        <Proof
          title={t("passkeys.removeTitle", { name: step.passkey.name })}
          detail={t("passkeys.removeDetail")}
          action={t("app.remove")}
          isDangerous
          onClose={close}
          work={async ({ current_password }) => {
            const path = at("/api/v1/me/passkeys/{passkey_id}", { passkey_id: step.passkey.id });
            await request({ method: "DELETE", path, body: { current_password } });
            changed();
          }}
        />
      )}
    </div>
  );
}

/** Whether the page was opened by the number that every machine has for itself. */
const isThisMachine = () => location.hostname === "127.0.0.1" || location.hostname === "[::1]";
/** The same place by its name, for which browsers keep passkeys. */
const byName = () => location.origin.replace(location.hostname, "localhost");

interface RenameProps {
  passkey: Passkey;
  field: (problem: Parameters<typeof AccountProblem>[0]["problem"], name: string) => React.ReactNode;
  onClose: () => void;
  onDone: () => void;
}

function Rename({ passkey, field, onClose, onDone }: RenameProps) {
  const { t } = useTranslation();
  const { problem, isBusy, onSubmit } = useForm(async ({ name }) => {
    const path = at("/api/v1/me/passkeys/{passkey_id}", { passkey_id: passkey.id });
    await request({ method: "PATCH", path, body: { name } });
    onDone();
  });
  return (
    <Dialog title={t("passkeys.renameOne", { name: passkey.name })} onClose={onClose} className="narrow">
      <form onSubmit={onSubmit}>
        <AccountProblem problem={problem} fields={["name"]} />
        {field(problem, passkey.name)}
        <DialogFoot action={t("app.save")} isBusy={isBusy} onClose={onClose} />
      </form>
    </Dialog>
  );
}
