import { Archive, ArchiveRestore, Ellipsis, Folder, Pencil, Pin, PinOff, Tag, Trash2 } from "lucide-react";
import { type KeyboardEvent, Suspense, lazy, memo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { withTexts } from "../i18n";
import { useAppDispatch, useAppSelector } from "../store/store";
import { Confirm } from "../ui/Dialog";
import { Menu, MenuItem, MenuSeparator } from "../ui/Menu";
import { deleteConversations, updateConversation } from "./actions";
import { useLeaveDeleted } from "./leave";
import { useRight } from "./rights";

const TagPicker = lazy(() => withTexts(import("../tags/TagPicker")));
const MoveDialog = lazy(() => withTexts(import("../projects/MoveDialog")));

interface ConversationRowProps {
  id: string;
  isCurrent: boolean;
  /** Whether the tab key stops here. */
  isReachable: boolean;
  /** `null` while nothing is being selected. */
  isSelected: boolean | null;
  onToggle: (id: string) => void;
  onFocus: (id: string) => void;
}

export const ConversationRow = memo(function ConversationRow(props: ConversationRowProps) {
  const { id, isCurrent, isReachable, isSelected, onToggle, onFocus } = props;
  const { t } = useTranslation();
  const conversation = useAppSelector((state) => state.conversations.entities[id]);
  const [isRenaming, setRenaming] = useState(false);
  const [asks, setAsks] = useState(false);
  const [moves, setMoves] = useState(false);
  const [tags, setTags] = useState(false);
  const menu = useRef<HTMLButtonElement>(null);
  const dispatch = useAppDispatch();
  const leave = useLeaveDeleted();
  const isMine = useRight(conversation) === "own";
  if (!conversation) return null;
  const title = conversation.title || t("list.untitled");
  const change = (changes: Parameters<typeof updateConversation>[1]) => void dispatch(updateConversation(id, changes));
  if (isRenaming) {
    return (
      <Rename
        title={conversation.title}
        onDone={(next) => {
          setRenaming(false);
          if (next && next !== conversation.title) change({ title: next });
          requestAnimationFrame(() => document.getElementById(`conversation-${id}`)?.focus());
        }}
      />
    );
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (!isMine) return;
    if (event.key === "F2") setRenaming(true);
    if (event.key === "Delete") setAsks(true);
  };
  if (isSelected !== null) {
    return (
      <label className="conversation selectable">
        <input
          type="checkbox"
          disabled={!isMine}
          checked={isSelected}
          aria-label={t("list.selectOne", { title })}
          onChange={() => onToggle(id)}
        />
        <span dir="auto">{title}</span>
      </label>
    );
  }
  return (
    <div className={isCurrent ? "conversation current" : "conversation"}>
      <Link
        href={`/c/${id}`}
        id={`conversation-${id}`}
        title={title}
        tabIndex={isReachable ? 0 : -1}
        aria-current={isCurrent ? "page" : undefined}
        onKeyDown={onKeyDown}
        onFocus={() => onFocus(id)}
      >
        <span dir="auto">{title}</span>
      </Link>
      {isMine && (
        <Menu
          align="start"
          trigger={
            <button ref={menu} type="button" className="small row-menu" tabIndex={isReachable ? 0 : -1} aria-label={t("list.menu", { title })}>
              <Ellipsis aria-hidden size={16} />
            </button>
          }
        >
          <MenuItem icon={<Pencil size={16} />} onSelect={() => setTimeout(() => setRenaming(true))}>
            {t("list.rename")}
          </MenuItem>
          <MenuItem
            icon={conversation.pinned ? <PinOff size={16} /> : <Pin size={16} />}
            onSelect={() => change({ pinned: !conversation.pinned })}
          >
            {conversation.pinned ? t("list.unpin") : t("list.pin")}
          </MenuItem>
          <MenuItem
            icon={conversation.archived ? <ArchiveRestore size={16} /> : <Archive size={16} />}
            onSelect={() => change({ archived: !conversation.archived })}
          >
            {conversation.archived ? t("list.unarchive") : t("list.archive")}
          </MenuItem>
          <MenuItem icon={<Folder size={16} />} onSelect={() => setTimeout(() => setMoves(true))}>
            {t("projects.moveMenu")}
          </MenuItem>
          <MenuItem icon={<Tag size={16} />} onSelect={() => setTimeout(() => setTags(true))}>
            {t("tags.menu")}
          </MenuItem>
          <MenuSeparator />
          <MenuItem icon={<Trash2 size={16} />} isDangerous onSelect={() => setTimeout(() => setAsks(true))}>
            {t("list.delete")}
          </MenuItem>
        </Menu>
      )}
      {moves && (
        <Suspense fallback={null}>
          <MoveDialog ids={[id]} onClose={() => setMoves(false)} />
        </Suspense>
      )}
      {tags && (
        <Suspense fallback={null}>
          <TagPicker ids={[id]} anchor={menu} onClose={() => setTags(false)} />
        </Suspense>
      )}
      {asks && (
        <Confirm
          title={t("list.deleteTitle", { count: 1 })}
          detail={t("list.deleteDetail", { count: 1 })}
          action={t("list.delete")}
          onClose={() => setAsks(false)}
          onConfirm={() => {
            leave([id]);
            void dispatch(deleteConversations([id]));
          }}
        />
      )}
    </div>
  );
});

function Rename({ title, onDone }: { title: string; onDone: (title: string | null) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(title);
  const isDone = useRef(false);
  const done = (next: string | null) => {
    if (isDone.current) return;
    isDone.current = true;
    onDone(next);
  };
  return (
    <input
      className="rename"
      aria-label={t("list.newTitle")}
      dir="auto"
      autoFocus
      maxLength={200}
      value={text}
      onFocus={(event) => event.target.select()}
      onChange={(event) => setText(event.target.value)}
      onBlur={() => done(text.trim())}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") done(text.trim());
        if (event.key === "Escape") done(null);
      }}
    />
  );
}
