import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Provider } from "../contract";
import { Choice } from "../ui/Choice";
import { Dialog, DialogFoot } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { FormProblem } from "../ui/FormProblem";
import { useForm } from "../ui/form";
import { useCreateProviderMutation, useUpdateProviderMutation } from "./api";
import { KINDS, type Kind, newProvider, providerChanges } from "./providers";

/** Connects a provider, or changes one. */
export function ProviderDialog({ provider, onSaved, onClose }: { provider: Provider | null; onSaved: (id: string | null) => void; onClose: () => void }) {
  const { t } = useTranslation();
  const id = useId();
  const [create] = useCreateProviderMutation();
  const [update] = useUpdateProviderMutation();
  const [kind, setKind] = useState<Kind>(KINDS.find((name) => name === provider?.kind) ?? "openai-compatible");
  const [forgetsKey, setForgetsKey] = useState(false);
  const { problem, isBusy, onSubmit } = useForm(async (fields) => {
    if (provider?.id) {
      const changes = providerChanges(provider, kind, fields, forgetsKey);
      onSaved((await update({ id: provider.id, version: provider.version ?? undefined, changes }).unwrap()).id);
    } else {
      onSaved((await create(newProvider(kind, fields)).unwrap()).id);
    }
    onClose();
  });
  const kinds = KINDS.map((name) => [name, t(`providers.kind.${name}`)] as const);
  return (
    <Dialog title={provider ? t("providers.editOne", { name: provider.name }) : t("providers.add")} onClose={onClose}>
      <form onSubmit={onSubmit}>
        <FormProblem problem={problem} fields={["name", "base_url", "api_key"]} />
        <Field
          label={t("settings.name")}
          hint={t("providers.nameHint")}
          name="name"
          required
          maxLength={64}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          defaultValue={provider?.name}
          problem={problem}
        />
        <Choice label={t("providers.kind")} options={kinds} value={kind} onChoose={setKind} />
        <Field
          label={t("providers.address")}
          hint={t("providers.addressHint")}
          name="base_url"
          type="url"
          autoComplete="off"
          required={kind === "openai-compatible"}
          placeholder="https://api.example.org/v1"
          defaultValue={provider?.base_url ?? ""}
          problem={problem}
        />
        <Field
          label={t("providers.key")}
          hint={provider?.has_api_key ? t("providers.keyKept") : t("providers.keyHint")}
          name="api_key"
          type="password"
          autoComplete="off"
          disabled={forgetsKey}
          problem={problem}
        />
        {provider?.has_api_key && (
          <label className="check">
            <input type="checkbox" checked={forgetsKey} onChange={({ target }) => setForgetsKey(target.checked)} />
            {t("providers.forgetKey")}
          </label>
        )}
        <div className="field">
          <label htmlFor={id}>{t("providers.models")}</label>
          <textarea
            id={id}
            name="models"
            rows={3}
            spellCheck={false}
            autoCapitalize="none"
            defaultValue={provider?.models.join("\n")}
            aria-describedby={`${id}-hint`}
          />
          <p className="hint" id={`${id}-hint`}>
            {t("providers.modelsHint")}
          </p>
        </div>
        <DialogFoot action={provider ? t("app.save") : t("providers.connect")} isBusy={isBusy} onClose={onClose} />
      </form>
    </Dialog>
  );
}
