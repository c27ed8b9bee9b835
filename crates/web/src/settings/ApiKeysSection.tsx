import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ApiKey } from "../contract";
import { isViewer } from "../conversations/rights";
import { useAppSelector } from "../store/store";
import { Confirm } from "../ui/Dialog";
import { Failed } from "../ui/Failed";
import { More, itemsOf } from "../ui/More";
import { Secret } from "../ui/Secret";
import { Table } from "../ui/Table";
import { useDates } from "../ui/dates";
import { useTold } from "../ui/told";
import { NewKey } from "./NewKey";
import { useApiKeysInfiniteQuery, useCreateApiKeyMutation, useRevokeApiKeyMutation } from "./api";
import { dollars } from "./keys";

/** Keys with which programs act for the person. Viewers have none. */
export function ApiKeysSection() {
  const { t } = useTranslation();
  const onlyReads = useAppSelector(isViewer);
  return (
    <>
      <p>{t("keys.intro")}</p>
      {onlyReads ? <p className="hint">{t("keys.viewer")}</p> : <Keys />}
    </>
  );
}

function Keys() {
  const { t, i18n } = useTranslation();
  const { day, time } = useDates();
  const tell = useTold("notice.notDeleted");
  const list = useApiKeysInfiniteQuery();
  const [create, created] = useCreateApiKeyMutation();
  const [revoke] = useRevokeApiKeyMutation();
  const [asked, setAsked] = useState<ApiKey | null>(null);
  const keys = itemsOf(list);
  const remove = async (key: ApiKey) => {
    if (tell(await revoke(key.id)) && created.data?.id === key.id) created.reset();
  };
  return (
    <>
      <NewKey create={(key) => create(key).unwrap()} />
      {created.data && <Secret title={t("keys.created")} detail={t("keys.once")} value={created.data.key} copyLabel={t("keys.copy")} />}
      <Failed error={list.error} />
      {list.isSuccess && keys.length === 0 && <p className="hint">{t("keys.none")}</p>}
      {keys.length > 0 && (
        <Table
          label={t("settings.apiKeys")}
          headings={[t("settings.name"), t("keys.scopes"), t("keys.createdAt"), t("passkeys.lastUsed"), t("keys.ends")]}
          actions={t("app.actions")}
        >
          {keys.map((key) => (
            <tr key={key.id}>
              <td>
                <span dir="auto">{key.name}</span>
                <small>
                  <code>{key.prefix}…</code>
                </small>
              </td>
              <td>
                {key.scopes.map((scope) => t(`scope.${scope}`)).join(", ")}
                {key.requests_per_minute && <small>{t("keys.requestsOf", { count: key.requests_per_minute })}</small>}
                {key.monthly_budget_microusd != null && (
                  <small>{t("keys.budgetOf", { amount: dollars(key.monthly_budget_microusd, i18n.language) })}</small>
                )}
              </td>
              <td className="when">{day(key.created_at)}</td>
              <td className="when">{key.last_used_at ? time(key.last_used_at) : t("app.never")}</td>
              <td className="when">{key.expires_at ? day(key.expires_at) : t("app.never")}</td>
              <td>
                <button type="button" aria-label={t("keys.revokeOne", { name: key.name })} onClick={() => setAsked(key)}>
                  {t("app.revoke")}
                </button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <More list={list} />
      {asked && (
        <Confirm
          title={t("keys.revokeTitle", { name: asked.name })}
          detail={t("keys.revokeDetail")}
          action={t("app.revoke")}
          onClose={() => setAsked(null)}
          onConfirm={() => void remove(asked)}
        />
      )}
    </>
  );
}
