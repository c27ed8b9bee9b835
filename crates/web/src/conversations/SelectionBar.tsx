import { Archive, ArchiveRestore, Folder, Pin, Tag, Trash2 } from "lucide-react";
import { type ReactNode, type RefObject, Suspense, lazy, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { withTexts } from "../i18n";
import { useAppDispatch } from "../store/store";
import { Confirm } from "../ui/Dialog";
import { deleteConversations, updateConversations } from "./actions";
import { useLeaveDeleted } from "./leave";

const TagPicker = lazy(() => withTexts(import("../tags/TagPicker")));
const MoveDialog = lazy(() => withTexts(import("../projects/MoveDialog")));

interface SelectionBarProps {
  selected: ReadonlySet<string>;
  isArchive: boolean;
  onDone: () => void;
}

/** What can be done with all that is selected. */
export default function SelectionBar({ selected, isArchive, onDone }: SelectionBarProps) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const leave = useLeaveDeleted();
  const [asks, setAsks] = useState(false);
  const [moves, setMoves] = useState(false);
  const [tags, setTags] = useState(false);
  const tagButton = useRef<HTMLButtonElement>(null);
  const ids = [...selected];
  const change = (changes: { pinned?: boolean; archived?: boolean }) => {
    void dispatch(updateConversations(ids, changes));
    onDone();
  };
  const isNone = ids.length === 0;
  const actions: { label: string; icon: ReactNode; act: () => void; button?: RefObject<HTMLButtonElement | null> }[] = [
    { label: t("list.pin"), icon: <Pin aria-hidden size={16} />, act: () => change({ pinned: true }) },
    isArchive
      ? { label: t("list.unarchive"), icon: <ArchiveRestore aria-hidden size={16} />, act: () => change({ archived: false }) }
      : { label: t("list.archive"), icon: <Archive aria-hidden size={16} />, act: () => change({ archived: true }) },
    { label: t("projects.moveMenu"), icon: <Folder aria-hidden size={16} />, act: () => setMoves(true) },
    { label: t("tags.menu"), icon: <Tag aria-hidden size={16} />, act: () => setTags(true), button: tagButton },
    { label: t("list.delete"), icon: <Trash2 aria-hidden size={16} />, act: () => setAsks(true) },
  ];
  return (
    <div className="selection-bar" role="toolbar" aria-label={t("list.select")}>
      <span role="status">{t("list.selected", { count: ids.length })}</span>
      {actions.map(({ label, icon, act, button }) => (
        <button key={label} ref={button} type="button" className="small" title={label} disabled={isNone} onClick={act}>
          {icon}
          <span className="hidden">{label}</span>
        </button>
      ))}
      {tags && (
        <Suspense fallback={null}>
          <TagPicker ids={ids} anchor={tagButton} onClose={() => setTags(false)} />
        </Suspense>
      )}
      {moves && (
        <Suspense fallback={null}>
          <MoveDialog
            ids={ids}
            onClose={() => {
              setMoves(false);
              onDone();
            }}
          />
        </Suspense>
      )}
      {asks && (
        <Confirm
          title={t("list.deleteTitle", { count: ids.length })}
          detail={t("list.deleteDetail", { count: ids.length })}
          action={t("list.delete")}
          onClose={() => setAsks(false)}
          onConfirm={() => {
            leave(ids);
            void dispatch(deleteConversations(ids));
            onDone();
          }}
        />
      )}
    </div>
  );
}
