import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { isProblem } from "../api/problem";
import type { Provider, ProviderTest } from "../contract";
import { Confirm } from "../ui/Dialog";
import { Failed } from "../ui/Failed";
import { Table } from "../ui/Table";
import { useTold } from "../ui/told";
import { ProviderDialog } from "./ProviderDialog";
import { useDeleteProviderMutation, useProvidersQuery, useTestProviderMutation, useUpdateProviderMutation } from "./api";

/** The model providers: those of the server's settings, and those that administrators connected. */
export function ProvidersSection() {
  const { t } = useTranslation();
  const tell = useTold("notice.notDeleted");
  const { data: providers = [], error, isSuccess } = useProvidersQuery();
  const [remove] = useDeleteProviderMutation();
  const [edited, setEdited] = useState<Provider | "new" | null>(null);
  const [asked, setAsked] = useState<Provider | null>(null);
  const [savedId, setSavedId] = useState<string | null>(null);
  if (isProblem(error) && error.status === 403) return <p>{t("providers.elsewhere")}</p>;
  return (
    <>
      <p>{t("providers.intro")}</p>
      <Failed error={error} />
      {isSuccess && providers.length === 0 && <p className="banner">{t("providers.none")}</p>}
      {providers.length > 0 && (
        <Table
          label={t("admin.providers")}
          headings={[t("settings.name"), t("providers.kind"), t("providers.address"), t("admin.state")]}
          actions={t("app.actions")}
        >
          {providers.map((provider) => (
            <Row
              key={`${provider.id ?? provider.name} ${provider.version ?? 0}`}
              provider={provider}
              isSaved={provider.id !== null && provider.id === savedId}
              onEdit={setEdited}
              onRemove={setAsked}
            />
          ))}
        </Table>
      )}
      {isSuccess && (
        <button type="button" className="primary" onClick={() => setEdited("new")}>
          {t("providers.add")}
        </button>
      )}
      {edited && <ProviderDialog provider={edited === "new" ? null : edited} onSaved={setSavedId} onClose={() => setEdited(null)} />}
      {asked && (
        <Confirm
          title={t("providers.removeOne", { name: asked.name })}
          detail={t("providers.removeDetail")}
          action={t("app.remove")}
          onClose={() => setAsked(null)}
          onConfirm={() => {
            if (asked.id === null) return;
            void remove({ id: asked.id, version: asked.version ?? undefined }).then(tell);
          }}
        />
      )}
    </>
  );
}

interface RowProps {
  provider: Provider;
  /** Whether it was just connected or changed: then it is tried at once. */
  isSaved: boolean;
  onEdit: (provider: Provider) => void;
  onRemove: (provider: Provider) => void;
}

function Row({ provider, isSaved, onEdit, onRemove }: RowProps) {
  const { t } = useTranslation();
  const tell = useTold();
  const { id, name } = provider;
  const [test, { data: result, error, isLoading }] = useTestProviderMutation();
  const [update] = useUpdateProviderMutation();
  useEffect(() => {
    if (isSaved && provider.enabled && id !== null) void test(id);
  }, [isSaved, provider.enabled, id, test]);
  const toggle = async () => {
    if (id === null) return;
    tell(await update({ id, version: provider.version ?? undefined, changes: { enabled: !provider.enabled } }));
  };
  return (
    <tr>
      <td>
        {name} {id === null && <span className="tag">{t("providers.fromSettings")}</span>}
      </td>
      <td>{provider.kind}</td>
      <td className="breaks">{provider.base_url ?? t("providers.usual")}</td>
      <td>
        {provider.enabled ? t("providers.on") : t("providers.off")}
        {provider.problem && <p className="error">{provider.problem}</p>}
        <div role="status">{result && <Result result={result} />}</div>
        <Failed error={error} />
      </td>
      <td className="actions">
        {id !== null && (
          <>
            <button type="button" aria-disabled={isLoading} aria-label={t("providers.testOne", { name })} onClick={() => void test(id)}>
              {t("providers.test")}
            </button>
            <button type="button" aria-label={t("providers.editOne", { name })} onClick={() => onEdit(provider)}>
              {t("message.edit")}
            </button>
            <button type="button" aria-label={t(provider.enabled ? "providers.disableOne" : "providers.enableOne", { name })} onClick={() => void toggle()}>
              {provider.enabled ? t("providers.disable") : t("providers.enable")}
            </button>
            <button type="button" aria-label={t("providers.removeOne", { name })} onClick={() => onRemove(provider)}>
              {t("app.remove")}
            </button>
          </>
        )}
      </td>
    </tr>
  );
}

/** How a provider answered. */
function Result({ result }: { result: ProviderTest }) {
  const { t } = useTranslation();
  if (!result.ok) return <p className="error">{result.problem?.detail ?? t("providers.failed")}</p>;
  const { milliseconds, models } = result;
  return (
    <details>
      <summary>{t("providers.answered", { count: models.length, milliseconds })}</summary>
      <ul className="models">
        {models.map((model) => (
          <li key={model}>
            <code>{model}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}
