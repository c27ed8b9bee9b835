import { memo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { PartOf } from "../contract";
import { type Right, isViewer } from "../conversations/rights";
import { withTexts } from "../i18n";
import { useAppSelector } from "../store/store";
import { later } from "../ui/later";
import { Editor } from "./Editor";
import { MessageActions } from "./MessageActions";
import { MessageStatus } from "./MessageStatus";
import { PartView, Sources } from "./PartView";
import { UserParts } from "./UserParts";
import { useMessageView } from "./view";

const Notes = later(() => withTexts(import("../annotations/Notes")));

interface MessageItemProps {
  id: string;
  right: Right;
  isLast: boolean;
  isMarked: boolean;
  isEdited: boolean;
  onEdit: (id: string | null) => void;
}

const ROLES = {
  user: "message.you",
  assistant: "message.assistant",
  system: "message.system",
  tool: "message.tool",
} as const;

export const MessageItem = memo(function MessageItem({ id, right, isLast, isMarked, isEdited, onEdit }: MessageItemProps) {
  const { t } = useTranslation();
  const view = useMessageView(id);
  const onlyReads = useAppSelector(isViewer);
  const [isAdding, setAdding] = useState(false);
  if (!view) return null;
  const { message, parts, isOpen, run } = view;
  const classes = ["message", message.role, isLast && "last", isMarked && "marked"].filter(Boolean).join(" ");
  const citations = parts.filter((part): part is PartOf<"citation"> => part.kind === "citation");
  return (
    <article className={classes} id={id} aria-label={t(ROLES[message.role])} aria-busy={isOpen || undefined}>
      <h2 className="hidden">{t(ROLES[message.role])}</h2>
      {isEdited ? (
        <Editor message={message} onDone={() => onEdit(null)} />
      ) : message.role === "user" ? (
        <UserParts parts={parts} />
      ) : (
        <div className="answer">
          {parts.map((part, index) =>
            part?.kind === "citation" ? null : part ? (
              <PartView key={index} part={part} isOpen={isOpen && !(run?.ended[index] ?? false)} />
            ) : null,
          )}
          {citations.length > 0 && <Sources citations={citations} />}
        </div>
      )}
      <MessageStatus view={view} />
      {!isOpen && !isEdited && <MessageActions message={message} parts={parts} right={right} onEdit={onEdit} onNote={() => setAdding(true)} />}
      {!isOpen && !onlyReads && <Notes message={message} isAdding={isAdding} onAdded={() => setAdding(false)} />}
    </article>
  );
});
