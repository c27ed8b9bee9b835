import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ApiKey, Scope } from "../contract";
import { useAppDispatch } from "../store/store";
import { Confirm } from "../ui/Dialog";
import { Field, isOfFields } from "../ui/Field";
import { isProblem } from "../api/problem";
import { Choice } from "../ui/Choice";
import { ProblemText } from "../ui/ProblemText";
import { Secret } from "../ui/Secret";
import { useDates } from "../ui/dates";
import { useForm } from "../ui/form";
import { noticed } from "../ui/notices";
import { useApiKeysInfiniteQuery, useCreateApiKeyMutation, useRevokeApiKeyMutation } from "./api";
import { LIFETIMES, type Lifetime, SCOPES, dollars, limitsOf } from "./keys";

/** Keys with which programs act for the person. */
export function ApiKeysSection() {
  const { t, i18n } = useTranslation();
  const { day, time } = useDates();
  const dispatch = useAppDispatch();
  const { data, error, isSuccess, hasNextPage, fetchNextPage } = useApiKeysInfiniteQuery();
  const [create, created] = useCreateApiKeyMutation();
  const [revoke] = useRevokeApiKeyMutation();
  const [asked, setAsked] = useState<ApiKey | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const keys = data?.pages.flatMap((page) => page.items) ?? [];
  const [scopes, setScopes] = useState<readonly Scope[]>(SCOPES);
  const [lifetime, setLifetime] = useState<Lifetime>("never");
  const { problem, isBusy, onSubmit } = useForm(async ({ name = "", ...fields }) => {
    await create({ name, scopes: [...scopes], ...limitsOf(fields, lifetime, new Date()) }).unwrap();
    form.current?.reset();
    setScopes(SCOPES);
    setLifetime("never");
  });
  const lifetimes = LIFETIMES.map((name) => [name, t(`keys.lifetime.${name}`)] as const);
  const remove = async (key: ApiKey) => {
    const { error: refused } = await revoke(key.id);
    if (refused) dispatch(noticed("notice.notDeleted", isProblem(refused) ? refused : null));
    else if (created.data?.id === key.id) created.reset();
  };
  return (
    <>
      <p>{t("keys.intro")}</p>
      <form ref={form} onSubmit={onSubmit}>
        <div className="inline-form">
          <Field label={t("keys.name")} name="name" required maxLength={100} placeholder={t("keys.namePlaceholder")} problem={problem} />
          <button type="submit" className="primary" aria-disabled={isBusy}>
            {t("keys.create")}
          </button>
        </div>
        <details className="key-limits">
          <summary>{t("keys.limits")}</summary>
          <fieldset className="choices">
            <legend>{t("keys.scopes")}</legend>
            {SCOPES.map((scope) => (
              <label key={scope}>
                <input
                  type="checkbox"
                  checked={scopes.includes(scope)}
                  onChange={({ target }) => setScopes(SCOPES.filter((one) => (one === scope ? target.checked : scopes.includes(one))))}
                />
                {t(`scope.${scope}`)}
              </label>
            ))}
          </fieldset>
          <Choice label={t("keys.lifetime")} options={lifetimes} value={lifetime} onChoose={setLifetime} />
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
            hint={t("keys.limitHint")}
            name="monthly_budget_microusd"
            type="number"
            min={0}
            step="any"
            inputMode="decimal"
            problem={problem}
          />
        </details>
      </form>
      {problem && !isOfFields(problem, ["name", "requests_per_minute", "monthly_budget_microusd"]) && (
        <p className="error" role="alert">
          <ProblemText problem={problem} />
        </p>
      )}
      {created.data && (
        <Secret title={t("keys.created")} detail={t("keys.once")} value={created.data.key} copyLabel={t("keys.copy")} />
      )}
      {isProblem(error) && (
        <p className="error" role="alert">
          <ProblemText problem={error} />
        </p>
      )}
      {isSuccess && keys.length === 0 && <p className="hint">{t("keys.none")}</p>}
      {keys.length > 0 && (
        <div className="table" tabIndex={0} role="group" aria-label={t("settings.apiKeys")}>
          <table>
            <thead>
              <tr>
                <th>{t("settings.name")}</th>
                <th>{t("keys.prefix")}</th>
                <th>{t("keys.scopes")}</th>
                <th>{t("keys.createdAt")}</th>
                <th>{t("passkeys.lastUsed")}</th>
                <th>{t("keys.ends")}</th>
                <th>
                  <span className="hidden">{t("keys.revoke")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {keys.map((key) => (
                <tr key={key.id}>
                  <td dir="auto">{key.name}</td>
                  <td>
                    <code>{key.prefix}…</code>
                  </td>
                  <td>
                    {key.scopes.map((scope) => t(`scope.${scope}`)).join(", ")}
                    {key.requests_per_minute && <small>{t("keys.requestsOf", { count: key.requests_per_minute })}</small>}
                    {key.monthly_budget_microusd != null && (
                      <small>{t("keys.budgetOf", { amount: dollars(key.monthly_budget_microusd, i18n.language) })}</small>
                    )}
                  </td>
                  <td>{time(key.created_at)}</td>
                  <td>{key.last_used_at ? time(key.last_used_at) : t("passkeys.never")}</td>
                  <td>{key.expires_at ? day(key.expires_at) : "–"}</td>
                  <td>
                    <button type="button" aria-label={t("keys.revokeOne", { name: key.name })} onClick={() => setAsked(key)}>
                      {t("keys.revoke")}
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {hasNextPage && (
        <button type="button" onClick={() => void fetchNextPage()}>
          {t("app.more")}
        </button>
      )}
      {asked && (
        <Confirm
          title={t("keys.revokeTitle", { name: asked.name })}
          detail={t("keys.revokeDetail")}
          action={t("keys.revoke")}
          onClose={() => setAsked(null)}
          onConfirm={() => void remove(asked)}
        />
      )}
    </>
  );
}
