import { Archive, ArchiveRestore, Folder, Pin, Trash2 } from "lucide-react";
import { Suspense, lazy, useState } from "react";
import { useTranslation } from "react-i18next";
import { withTexts } from "../i18n";
import { useAppDispatch } from "../store/store";
import { Confirm } from "../ui/Dialog";
import { deleteConversations, updateConversations } from "./actions";
import { useLeaveDeleted } from "./leave";

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
  const ids = [...selected];
  const change = (changes: { pinned?: boolean; archived?: boolean }) => {
    void dispatch(updateConversations(ids, changes));
    onDone();
  };
  const isNone = ids.length === 0;
  const actions = [
    { label: t("list.pin"), icon: <Pin aria-hidden size={16} />, act: () => change({ pinned: true }) },
    isArchive
      ? { label: t("list.unarchive"), icon: <ArchiveRestore aria-hidden size={16} />, act: () => change({ archived: false }) }
      : { label: t("list.archive"), icon: <Archive aria-hidden size={16} />, act: () => change({ archived: true }) },
    { label: t("projects.moveMenu"), icon: <Folder aria-hidden size={16} />, act: () => setMoves(true) },
    { label: t("list.delete"), icon: <Trash2 aria-hidden size={16} />, act: () => setAsks(true) },
  ];
  return (
    <div className="selection-bar" role="toolbar" aria-label={t("list.select")}>
      <span role="status">{t("list.selected", { count: ids.length })}</span>
      {actions.map(({ label, icon, act }) => (
        <button key={label} type="button" className="small" title={label} disabled={isNone} onClick={act}>
          {icon}
          <span className="hidden">{label}</span>
        </button>
      ))}
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
