import { Settings2 } from "lucide-react";
import { Suspense, lazy, useState } from "react";
import { useTranslation } from "react-i18next";
import { withTexts } from "../i18n";
import { TagChip } from "./TagChip";
import { useTags } from "./tags";

const TagsDialog = lazy(() => withTexts(import("./TagsDialog")));

interface TagsSectionProps {
  chosen: string | undefined;
  onChoose: (tag: string | undefined) => void;
}

/** The tags in the sidebar, once there are any. Choosing one shows its chats only. */
export function TagsSection({ chosen, onChoose }: TagsSectionProps) {
  const { t } = useTranslation();
  const tags = useTags();
  const [manages, setManages] = useState(false);
  if (tags.length === 0 && !manages) return null;
  return (
    <>
      <section className="projects" aria-label={t("tags.title")}>
        <header>
          <h2>{t("tags.title")}</h2>
          <button type="button" className="small" title={t("tags.manage")} onClick={() => setManages(true)}>
            <Settings2 aria-hidden size={16} />
            <span className="hidden">{t("tags.manage")}</span>
          </button>
        </header>
        <ul className="tag-filter">
          {tags.map((tag) => (
            <li key={tag.id}>
              <button type="button" aria-pressed={tag.id === chosen} onClick={() => onChoose(tag.id === chosen ? undefined : tag.id)}>
                <TagChip tag={tag} />
              </button>
            </li>
          ))}
        </ul>
      </section>
      {manages && (
        <Suspense fallback={null}>
          <TagsDialog onClose={() => setManages(false)} />
        </Suspense>
      )}
    </>
  );
}
