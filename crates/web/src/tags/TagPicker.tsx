import { Check, Minus, Plus } from "lucide-react";
import { type RefObject, Suspense, lazy, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { shallowEqual } from "react-redux";
import { isProblem } from "../api/problem";
import type { Tag } from "../contract";
import { withTexts } from "../i18n";
import { useAppDispatch, useAppSelector } from "../store/store";
import { Anchored } from "../ui/Anchored";
import { useActive } from "../ui/active";
import { noticed } from "../ui/notices";
import { TagChip } from "./TagChip";
import { setTag } from "./actions";
import { useCreateTagMutation } from "./api";
import { useTags } from "./tags";

const TagsDialog = lazy(() => withTexts(import("./TagsDialog")));
const LONGEST = 60;

interface TagPickerProps {
  /** The conversations that are tagged. */
  ids: string[];
  anchor: RefObject<HTMLElement | null>;
  onClose: () => void;
}

/** The tags of conversations: to search in, to tick, and to add to. */
export default function TagPicker({ ids, anchor, onClose }: TagPickerProps) {
  const { t } = useTranslation();
  const [manages, setManages] = useState(false);
  if (manages) {
    return (
      <Suspense fallback={null}>
        <TagsDialog onClose={onClose} />
      </Suspense>
    );
  }
  return (
    <Anchored label={t("tags.title")} className="tag-picker" anchor={anchor} onClose={onClose}>
      <TagOptions ids={ids} />
      <button type="button" className="quiet-button" onClick={() => setManages(true)}>
        {t("tags.manage")}
      </button>
    </Anchored>
  );
}

function TagOptions({ ids }: { ids: string[] }) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const tags = useTags();
  const [create] = useCreateTagMutation();
  const [typed, setTyped] = useState("");
  const listId = useId();
  const given = useAppSelector(({ conversations }) => ids.map((id) => conversations.entities[id]?.tag_ids), shallowEqual);
  const name = typed.trim();
  const words = name.toLowerCase();
  const found = tags.filter((tag) => tag.name.toLowerCase().includes(words));
  const isNew = name !== "" && !tags.some((tag) => tag.name.toLowerCase() === words);
  const having = (tag: Tag) => given.filter((tagIds) => tagIds?.includes(tag.id)).length;
  const choose = async (index: number) => {
    const tag = found[index];
    if (tag) {
      void dispatch(setTag(ids, tag.id, having(tag) < ids.length));
    } else {
      const { data: made, error } = await create({ name });
      setTyped("");
      if (made) void dispatch(setTag(ids, made.id, true));
      else dispatch(noticed("notice.notSaved", isProblem(error) ? error : null));
    }
  };
  const count = found.length + (isNew ? 1 : 0);
  const { at, setActive, onKeyDown } = useActive(count, listId, (index) => void choose(index));
  const option = (index: number) => ({
    id: `${listId}-${index}`,
    role: "option",
    "data-active": index === at || undefined,
    className: "menu-item",
    onClick: () => void choose(index),
    onPointerMove: () => setActive(index),
  });
  return (
    <>
      <input
        type="text"
        role="combobox"
        className="model-search"
        autoComplete="off"
        dir="auto"
        maxLength={LONGEST}
        aria-label={t("tags.search")}
        placeholder={t("tags.search")}
        aria-expanded="true"
        aria-controls={listId}
        aria-activedescendant={at >= 0 ? `${listId}-${at}` : undefined}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id={listId} role="listbox" aria-label={t("tags.title")} aria-multiselectable="true" className="model-list">
        {found.map((tag, index) => {
          const isOn = having(tag) === ids.length;
          const isSome = having(tag) > 0 && !isOn;
          return (
            <div key={tag.id} {...option(index)} aria-selected={isOn}>
              <span className="menu-icon" aria-hidden>
                {isOn ? <Check size={16} /> : isSome && <Minus size={16} />}
              </span>
              <TagChip tag={tag} />
              {isSome && <span className="hidden"> {t("tags.some")}</span>}
            </div>
          );
        })}
        {isNew && (
          <div {...option(found.length)} aria-selected={false}>
            <span className="menu-icon" aria-hidden>
              <Plus size={16} />
            </span>
            <span dir="auto">{t("tags.create", { name })}</span>
          </div>
        )}
      </div>
      {count === 0 && <p className="hint">{t("tags.none")}</p>}
    </>
  );
}
