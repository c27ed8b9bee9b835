import { type KeyboardEvent, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { send } from "../composer/actions";
import type { Message } from "../contract";
import { editMessage } from "../messages/actions";
import { useAppDispatch } from "../store/store";
import { textOf } from "./view";

/** Changes a message in its place, or asks anew with the change on a branch of its own. */
export function Editor({ message, onDone }: { message: Message; onDone: () => void }) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const before = textOf(message.parts);
  const [text, setText] = useState(before);
  const area = useRef<HTMLTextAreaElement>(null);
  // Before anybody can type, and once: what others change meanwhile does not move the caret.
  useLayoutEffect(() => {
    const end = area.current?.value.length ?? 0;
    area.current?.focus();
    area.current?.setSelectionRange(end, end);
  }, []);
  const leave = () => {
    onDone();
    requestAnimationFrame(() => document.getElementById("composer")?.focus());
  };
  const isBlank = text.trim() === "";
  const save = async () => {
    if (isBlank) return;
    if (text === before || (await dispatch(editMessage(message, text)))) leave();
  };
  const rerun = () => {
    if (isBlank) return;
    const kept = message.parts.filter((part) => part.kind !== "text");
    dispatch(
      send({
        conversationId: message.conversation_id,
        parts: [...kept, { kind: "text", text: text.trim() }],
        parentId: message.parent_id,
      }),
    );
    leave();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.preventDefault();
      leave();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (message.role === "user") rerun();
      else void save();
    }
  };
  return (
    <div className="editor" onKeyDown={onKeyDown}>
      <textarea
        ref={area}
        aria-label={t("message.editLabel")}
        dir="auto"
        rows={3}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <div className="editor-tools">
        <button type="button" onClick={leave}>
          {t("app.cancel")}
        </button>
        <button type="button" disabled={isBlank} onClick={() => void save()}>
          {t("message.saveOnly")}
        </button>
        {message.role === "user" && (
          <button type="button" className="primary" disabled={isBlank} onClick={rerun}>
            {t("message.saveAndRerun")}
          </button>
        )}
      </div>
    </div>
  );
}
