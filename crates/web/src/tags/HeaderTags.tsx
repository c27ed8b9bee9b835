import { Tag as TagIcon } from "lucide-react";
import { Suspense, lazy, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Conversation } from "../contract";
import { withTexts } from "../i18n";
import { TagChip } from "./TagChip";
import { useTags } from "./tags";

const TagPicker = lazy(() => withTexts(import("./TagPicker")));

/** The tags of the conversation that is shown, and the way to change them. */
export function HeaderTags({ conversation }: { conversation: Conversation }) {
  const { t } = useTranslation();
  const tags = useTags().filter(({ id }) => conversation.tag_ids.includes(id));
  const button = useRef<HTMLButtonElement>(null);
  const [isOpen, setOpen] = useState(false);
  const label = tags.length > 0 ? t("tags.of", { names: tags.map(({ name }) => name).join(", ") }) : t("tags.title");
  return (
    <>
      <button
        ref={button}
        type="button"
        className="small header-tags"
        title={label}
        aria-label={label}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        onClick={() => setOpen(true)}
      >
        <TagIcon aria-hidden size={18} />
        {tags.map((tag) => (
          <TagChip key={tag.id} tag={tag} />
        ))}
      </button>
      {isOpen && (
        <Suspense fallback={null}>
          <TagPicker ids={[conversation.id]} anchor={button} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
