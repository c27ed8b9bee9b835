import { Check, ChevronLeft, ChevronRight, Copy, Ellipsis, GitFork, Pencil, RefreshCw, Repeat2, StickyNote, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import type { Message, Part } from "../contract";
import { type Right, isViewer } from "../conversations/rights";
import { deleteMessage, fork, regenerate, showBranch } from "../messages/actions";
import { siblingsOf } from "../messages/thread";
import { ModelPicker } from "../models/ModelPicker";
import { useAppDispatch, useAppSelector } from "../store/store";
import { Confirm } from "../ui/Dialog";
import { Menu, MenuItem, MenuSeparator } from "../ui/Menu";
import { useCopy } from "../ui/copy";
import { later } from "../ui/later";
import { UsageLine } from "./UsageLine";
import { textOf } from "./view";

const Ratings = later(() => import("../annotations/Ratings"));

interface MessageActionsProps {
  message: Message;
  parts: Part[];
  right: Right;
  onEdit: (id: string) => void;
  onNote: () => void;
}

/** What can be done with a message. */
export function MessageActions({ message, parts, right, onEdit, onNote }: MessageActionsProps) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const [, navigate] = useLocation();
  const [isCopied, copy] = useCopy();
  const [asks, setAsks] = useState(false);
  const onlyReads = useAppSelector(isViewer);
  const { conversation_id: conversationId, id } = message;
  const isAnswer = message.role === "assistant";
  const continueElsewhere = async () => {
    const forked = await dispatch(fork(conversationId, id));
    if (forked) navigate(`/c/${forked}`);
  };
  return (
    <div className="message-footer">
      <div className="message-actions" role="toolbar" aria-label={t("message.actions")}>
        <Branches message={message} />
        <button type="button" className="small" title={t("message.copy")} onClick={() => copy(textOf(parts))}>
          {isCopied ? <Check aria-hidden size={16} /> : <Copy aria-hidden size={16} />}
          <span className="hidden">{isCopied ? t("code.copied") : t("message.copy")}</span>
        </button>
        {right === "own" && (
          <button type="button" className="small" title={t("message.edit")} onClick={() => onEdit(id)}>
            <Pencil aria-hidden size={16} />
            <span className="hidden">{t("message.edit")}</span>
          </button>
        )}
        {isAnswer && right !== "read" && (
          <>
            <button
              type="button"
              className="small"
              title={t("message.regenerate")}
              onClick={() => void dispatch(regenerate(id, null))}
            >
              <RefreshCw aria-hidden size={16} />
              <span className="hidden">{t("message.regenerate")}</span>
            </button>
            <ModelPicker
              value={message.model}
              onChoose={(model) => void dispatch(regenerate(id, model))}
              trigger={
                <button type="button" className="small" title={t("message.regenerateWith")}>
                  <Repeat2 aria-hidden size={16} />
                  <span className="hidden">{t("message.regenerateWith")}</span>
                </button>
              }
            />
          </>
        )}
        {isAnswer && !onlyReads && <Ratings message={message} />}
        {!onlyReads && (
          <Menu
            align="start"
            trigger={
              <button type="button" className="small" title={t("message.more")}>
                <Ellipsis aria-hidden size={16} />
                <span className="hidden">{t("message.more")}</span>
              </button>
            }
          >
            <MenuItem icon={<GitFork size={16} />} onSelect={() => void continueElsewhere()}>
              {t("message.fork")}
            </MenuItem>
            <MenuItem icon={<StickyNote size={16} />} onSelect={() => setTimeout(onNote)}>
              {t("notes.add")}
            </MenuItem>
            {right === "own" && (
              <>
                <MenuSeparator />
                <MenuItem icon={<Trash2 size={16} />} isDangerous onSelect={() => setTimeout(() => setAsks(true))}>
                  {t("message.delete")}
                </MenuItem>
              </>
            )}
          </Menu>
        )}
      </div>
      {isAnswer && <UsageLine message={message} />}
      {!isAnswer && message.edited_at && <span className="quiet">{t("message.edited")}</span>}
      {asks && (
        <Confirm
          title={t("message.deleteTitle")}
          detail={t("message.deleteDetail")}
          action={t("list.delete")}
          onClose={() => setAsks(false)}
          onConfirm={() => void dispatch(deleteMessage(message))}
        />
      )}
    </div>
  );
}

/** ‹1/2›: the versions that stand in the same place. */
function Branches({ message }: { message: Message }) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const children = useAppSelector((state) => state.messages.children[message.parent_id ?? message.conversation_id]);
  const messages = { children: { [message.parent_id ?? message.conversation_id]: children ?? [message.id] } };
  const { ids, index } = siblingsOf(messages, message);
  if (ids.length < 2) return null;
  const show = (at: number) => {
    const id = ids[at];
    if (id) void dispatch(showBranch(message.conversation_id, id));
  };
  return (
    <span className="branches" role="group" aria-label={t("message.branch", { index: index + 1, count: ids.length })}>
      <button type="button" className="small" title={t("message.previous")} disabled={index === 0} onClick={() => show(index - 1)}>
        <ChevronLeft aria-hidden size={16} />
        <span className="hidden">{t("message.previous")}</span>
      </button>
      <span className="count" aria-hidden>
        {index + 1}/{ids.length}
      </span>
      <button
        type="button"
        className="small"
        title={t("message.next")}
        disabled={index === ids.length - 1}
        onClick={() => show(index + 1)}
      >
        <ChevronRight aria-hidden size={16} />
        <span className="hidden">{t("message.next")}</span>
      </button>
    </span>
  );
}
