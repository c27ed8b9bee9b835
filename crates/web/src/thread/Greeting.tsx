import { useTranslation } from "react-i18next";
import { useModelsQuery } from "../api/api";
import { NoModel } from "../models/NoModel";
import { useAppSelector } from "../store/store";

const SUGGESTIONS = ["suggestion.1", "suggestion.2", "suggestion.3", "suggestion.4"] as const;

/** The empty page: a beginning, and what is missing for a good one. Whoever may only read is suggested nothing. */
export function Greeting({ onSuggest }: { onSuggest: ((text: string) => void) | null }) {
  const { t } = useTranslation();
  const name = useAppSelector((state) => state.session.me?.display_name ?? "");
  const { data: models } = useModelsQuery();
  const needsModel = models && !models.some((model) => model.is_language_model);
  return (
    <div className="greeting">
      <div>
        <h2 dir="auto">{t("chat.greeting", { name })}</h2>
        {needsModel && (
          <p className="banner">
            <NoModel />
          </p>
        )}
        {onSuggest && (
          <ul className="suggestions">
            {SUGGESTIONS.map((suggestion) => (
              <li key={suggestion}>
                <button type="button" onClick={() => onSuggest(t(`${suggestion}.text`))}>
                  {t(suggestion)}
                </button>
              </li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}
