import { useTranslation } from "react-i18next";
import { useModelsQuery } from "../api/api";
import { isProblem } from "../api/problem";
import { ProblemText } from "../ui/ProblemText";

/** The models that there are at the moment. */
export function ModelsSection() {
  const { t } = useTranslation();
  const { data: models = [], error, isFetching, refetch } = useModelsQuery();
  return (
    <>
      <p>{t("admin.modelsIntro")}</p>
      {isProblem(error) && (
        <p className="error" role="alert">
          <ProblemText problem={error} />
        </p>
      )}
      <div className="table" tabIndex={0} role="group" aria-label={t("admin.models")}>
        <table>
          <thead>
            <tr>
              <th>{t("admin.model")}</th>
              <th>{t("admin.provider")}</th>
            </tr>
          </thead>
          <tbody>
            {models.map(({ id, provider, is_default: isDefault }) => (
              <tr key={id}>
                <td>
                  <code>{id}</code> {isDefault && <span className="tag">{t("model.default")}</span>}
                </td>
                <td>{provider}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {!models.some((model) => model.is_language_model) && <p className="banner">{t("model.howTo")}</p>}
      <button type="button" aria-disabled={isFetching} onClick={() => void refetch()}>
        {t("admin.refresh")}
      </button>
    </>
  );
}
