import { useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { CreateApiKey, Scope } from "../contract";
import { useAppSelector } from "../store/store";
import { Choice } from "../ui/Choice";
import { Field } from "../ui/Field";
import { FormProblem } from "../ui/FormProblem";
import { useForm } from "../ui/form";
import { LEAST, LIFETIMES, type Lifetime, SCOPES, limitsOf } from "./keys";

/** Makes a key: what for, what it may do, and until when. */
export function NewKey({ create }: { create: (key: CreateApiKey) => Promise<unknown> }) {
  const { t } = useTranslation();
  const id = useId();
  const isAdmin = useAppSelector(({ session: { me } }) => me?.role === "owner" || me?.role === "admin");
  const form = useRef<HTMLFormElement>(null);
  const [scopes, setScopes] = useState<readonly Scope[]>(LEAST);
  const [lifetime, setLifetime] = useState<Lifetime>("90");
  const { problem, isBusy, onSubmit } = useForm(async ({ name = "", ...fields }) => {
    await create({ name, scopes: [...scopes], ...limitsOf(fields, lifetime, new Date()) });
    form.current?.reset();
    setScopes(LEAST);
    setLifetime("90");
  });
  const lifetimes = LIFETIMES.map((name) => [name, t(`keys.lifetime.${name}`)] as const);
  return (
    <form ref={form} className="narrow-form" onSubmit={onSubmit}>
      <FormProblem problem={problem} fields={["name", "requests_per_minute", "monthly_budget_microusd"]} />
      <Field label={t("keys.name")} name="name" required maxLength={100} placeholder={t("keys.namePlaceholder")} problem={problem} />
      <fieldset className="choices">
        <legend>{t("keys.scopes")}</legend>
        {SCOPES.filter((scope) => scope !== "admin" || isAdmin).map((scope) => (
          <div key={scope}>
            <label>
              <input
                type="checkbox"
                checked={scopes.includes(scope)}
                aria-describedby={`${id}-${scope}`}
                onChange={({ target }) => setScopes(SCOPES.filter((one) => (one === scope ? target.checked : scopes.includes(one))))}
              />
              {t(`scope.${scope}`)}
            </label>
            <p className="hint" id={`${id}-${scope}`}>
              {t(`scope.${scope}.detail`)}
            </p>
          </div>
        ))}
      </fieldset>
      <Choice label={t("keys.lifetime")} options={lifetimes} value={lifetime} onChoose={setLifetime} />
      <details className="key-limits">
        <summary>{t("keys.limits")}</summary>
        <Field
          label={t("keys.requests")}
          hint={t("keys.limitHint")}
          name="requests_per_minute"
          type="number"
          min={1}
          step={1}
          inputMode="numeric"
          problem={problem}
        />
        <Field
          label={t("keys.budget")}
          hint={t("keys.budgetHint")}
          name="monthly_budget_microusd"
          type="number"
          min={0}
          step="any"
          inputMode="decimal"
          problem={problem}
        />
      </details>
      <button type="submit" className="primary" aria-disabled={isBusy}>
        {t("keys.create")}
      </button>
    </form>
  );
}
