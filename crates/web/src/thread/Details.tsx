import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Parameters, UpdateConversation } from "../contract";
import { Dialog } from "../ui/Dialog";
import { Field } from "../ui/Field";

interface DetailsProps {
  systemPrompt: string | null;
  parameters: Parameters;
  onSave: (changes: UpdateConversation) => void;
  onClose: () => void;
}

const NAMES = ["temperature", "top_p", "max_output_tokens"] as const;

/** What every model of a conversation is told, and how it answers. */
export default function Details({ systemPrompt, parameters, onSave, onClose }: DetailsProps) {
  const { t } = useTranslation();
  const [prompt, setPrompt] = useState(systemPrompt ?? "");
  const id = useId();
  const labels = { temperature: t("details.temperature"), top_p: t("details.topP"), max_output_tokens: t("details.maxTokens") };
  const hints = { temperature: t("details.temperatureHint"), top_p: t("details.topPHint"), max_output_tokens: undefined };
  const limits = {
    temperature: { min: 0, max: 2, step: "any" },
    top_p: { min: 0, max: 1, step: "any" },
    max_output_tokens: { min: 1, step: 1 },
  };
  return (
    <Dialog title={t("details.title")} onClose={onClose} className="drawer">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          const entries = NAMES.map((name) => [name, String(form.get(name) ?? "")] as const).filter(([, value]) => value !== "");
          onSave({
            system_prompt: prompt.trim() === "" ? null : prompt,
            parameters: Object.fromEntries(entries.map(([name, value]) => [name, Number(value)])),
          });
          onClose();
        }}
      >
        <div className="field">
          <label htmlFor={id}>{t("details.systemPrompt")}</label>
          <textarea id={id} rows={8} dir="auto" value={prompt} onChange={(event) => setPrompt(event.target.value)} aria-describedby={`${id}-hint`} />
          <p className="hint" id={`${id}-hint`}>
            {t("details.systemPromptHint")}
          </p>
        </div>
        <fieldset>
          <legend>{t("details.parameters")}</legend>
          {NAMES.map((name) => (
            <Field
              key={name}
              name={name}
              type="number"
              inputMode="decimal"
              label={labels[name]}
              hint={hints[name]}
              placeholder={t("model.default")}
              defaultValue={parameters[name] ?? ""}
              {...limits[name]}
            />
          ))}
        </fieldset>
        <footer>
          <button type="button" onClick={onClose}>
            {t("app.cancel")}
          </button>
          <button type="submit" className="primary">
            {t("app.save")}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
