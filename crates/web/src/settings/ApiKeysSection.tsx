import { Check, Copy } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApiKeysInfiniteQuery, useCreateApiKeyMutation, useRevokeApiKeyMutation } from "../api/api";
import type { ApiKey } from "../contract";
import { useAppDispatch } from "../store/store";
import { Confirm } from "../ui/Dialog";
import { Field, isOfFields } from "../ui/Field";
import { isProblem } from "../api/problem";
import { ProblemText } from "../ui/ProblemText";
import { useCopy } from "../ui/copy";
import { useDates } from "../ui/dates";
import { useForm } from "../ui/form";
import { noticed } from "../ui/notices";

/** Keys with which programs act for the person. */
export function ApiKeysSection() {
  const { t } = useTranslation();
  const { time } = useDates();
  const dispatch = useAppDispatch();
  const { data, error, isSuccess, hasNextPage, fetchNextPage } = useApiKeysInfiniteQuery();
  const [create, created] = useCreateApiKeyMutation();
  const [revoke] = useRevokeApiKeyMutation();
  const [asked, setAsked] = useState<ApiKey | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const keys = data?.pages.flatMap((page) => page.items) ?? [];
  const { problem, isBusy, onSubmit } = useForm(async ({ name = "" }) => {
    await create({ name }).unwrap();
    form.current?.reset();
  });
  const remove = async (key: ApiKey) => {
    const { error: refused } = await revoke(key.id);
    if (refused) dispatch(noticed("notice.notDeleted", isProblem(refused) ? refused : null));
    else if (created.data?.id === key.id) created.reset();
  };
  return (
    <>
      <p>{t("keys.intro")}</p>
      <form ref={form} className="inline-form" onSubmit={onSubmit}>
        <Field label={t("keys.name")} name="name" required maxLength={100} placeholder={t("keys.namePlaceholder")} problem={problem} />
        <button type="submit" className="primary" aria-disabled={isBusy}>
          {t("keys.create")}
        </button>
      </form>
      {problem && !isOfFields(problem, ["name"]) && (
        <p className="error" role="alert">
          <ProblemText problem={problem} />
        </p>
      )}
      {created.data && <NewKey value={created.data.key} />}
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
                  <td>{key.scopes.map((scope) => t(`scope.${scope}`)).join(", ")}</td>
                  <td>{time(key.created_at)}</td>
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

function NewKey({ value }: { value: string }) {
  const { t } = useTranslation();
  const [isCopied, copy] = useCopy();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.focus(), [value]);
  return (
    <div className="banner new-key" ref={place} tabIndex={-1} role="status">
      <strong>{t("keys.created")}</strong> <span>{t("keys.once")}</span>
      <p>
        <code>{value}</code>
        <button type="button" onClick={() => copy(value)}>
          {isCopied ? <Check aria-hidden size={16} /> : <Copy aria-hidden size={16} />}
          {isCopied ? t("code.copied") : t("keys.copy")}
        </button>
      </p>
    </div>
  );
}
