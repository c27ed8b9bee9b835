import { useTranslation } from "react-i18next";
import { useModelsQuery } from "../api/api";
import { NoModel } from "../models/NoModel";
import { Failed } from "../ui/Failed";
import { Table } from "../ui/Table";

/** The models that there are at the moment. */
export function ModelsSection() {
  const { t } = useTranslation();
  const { data: models = [], error, isFetching, isSuccess, refetch } = useModelsQuery();
  return (
    <>
      <p>{t("admin.modelsIntro")}</p>
      <Failed error={error} />
      <Table label={t("admin.models")} headings={[t("admin.model"), t("admin.provider")]}>
        {models.map(({ id, provider, is_default: isDefault }) => (
          <tr key={id}>
            <td className="breaks">
              <code>{id}</code> {isDefault && <span className="tag">{t("model.default")}</span>}
            </td>
            <td>{provider}</td>
          </tr>
        ))}
      </Table>
      {isSuccess && !models.some((model) => model.is_language_model) && (
        <p className="banner">
          <NoModel />
        </p>
      )}
      <button type="button" aria-disabled={isFetching} onClick={() => void refetch()}>
        {t("admin.refresh")}
      </button>
    </>
  );
}
