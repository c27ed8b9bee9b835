import { ArrowUp, FileText, Paperclip, Square, X } from "lucide-react";
import { type ClipboardEvent, type DragEvent, type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Part } from "../contract";
import { useOffline } from "../offline/state";
import { useAppDispatch } from "../store/store";
import { noticed } from "../ui/notices";
import { type Attachment, isEmpty, readDraft, useDraft } from "./drafts";
import { readFiles } from "./files";

interface ComposerProps {
  /** Whose draft it is. */
  place: string;
  isAnswering: boolean;
  /** Sends; gives whether the draft has been taken over. */
  onSend: (parts: Part[]) => Promise<boolean>;
  onStop: () => void;
  onEditLast: () => void;
}

const growsByItself = CSS.supports("field-sizing", "content");
const isTouched = () => matchMedia("(pointer: coarse)").matches;

/** Where a message is written. What is typed is kept on the device until it is sent. */
export function Composer({ place, isAnswering, onSend, onStop, onEditLast }: ComposerProps) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const nameOf = (file: Attachment) => (file.kind === "image" ? t("part.picture") : file.name);
  const isAway = useOffline();
  const [draft, setDraft] = useDraft(place);
  const [isDragged, setDragged] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!isTouched()) area.current?.focus();
  }, [place]);
  useLayoutEffect(() => {
    if (growsByItself || !area.current) return;
    area.current.style.height = "auto";
    area.current.style.height = `${area.current.scrollHeight}px`;
  }, [draft.text]);
  const send = async () => {
    if (isEmpty(draft)) return;
    const parts: Part[] = draft.files.slice();
    if (draft.text.trim() !== "") parts.push({ kind: "text", text: draft.text.trim() });
    setDraft({ text: "", files: [] });
    // What could not be taken over comes back, unless something new was typed meanwhile.
    if (!(await onSend(parts)) && isEmpty(readDraft(place))) setDraft(draft);
  };
  const attach = async (files: Iterable<File>) => {
    const { read, refusal } = await readFiles(files, readDraft(place).files);
    const now = readDraft(place);
    if (read.length > 0) setDraft({ ...now, files: [...now.files, ...read] });
    if (refusal) dispatch(noticed(refusal));
    area.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey && !event.altKey && !isTouched()) {
      event.preventDefault();
      void send();
    } else if (event.key === "ArrowUp" && isEmpty(draft) && draft.text === "") {
      event.preventDefault();
      onEditLast();
    }
  };
  const onPaste = (event: ClipboardEvent) => {
    if (event.clipboardData.files.length === 0) return;
    event.preventDefault();
    void attach(event.clipboardData.files);
  };
  const holdsFiles = (event: DragEvent) => event.dataTransfer.types.includes("Files");
  return (
    <div className="composer-place">
      <form
        className={isDragged ? "composer dragged" : "composer"}
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
        onDragOver={(event) => {
          if (!holdsFiles(event)) return;
          event.preventDefault();
          setDragged(true);
        }}
        onDragLeave={() => setDragged(false)}
        onDrop={(event) => {
          setDragged(false);
          if (!holdsFiles(event)) return;
          event.preventDefault();
          void attach(event.dataTransfer.files);
        }}
      >
        {draft.files.length > 0 && (
          <ul className="files">
            {draft.files.map((file, index) => (
              <li key={`${index}-${nameOf(file)}`}>
                {file.kind === "image" ? <img src={file.url} alt="" /> : <FileText aria-hidden size={16} />}
                <span dir="auto">{nameOf(file)}</span>
                <button
                  type="button"
                  className="small"
                  title={t("composer.removeFile", { name: nameOf(file) })}
                  onClick={() => {
                    setDraft({ ...draft, files: draft.files.filter((_, at) => at !== index) });
                    area.current?.focus();
                  }}
                >
                  <X aria-hidden size={14} />
                  <span className="hidden">{t("composer.removeFile", { name: nameOf(file) })}</span>
                </button>
              </li>
            ))}
          </ul>
        )}
        <textarea
          ref={area}
          id="composer"
          rows={1}
          dir="auto"
          aria-label={t("composer.label")}
          placeholder={isDragged ? t("composer.drop") : t("composer.placeholder")}
          enterKeyHint={isTouched() ? "enter" : "send"}
          value={draft.text}
          onChange={(event) => setDraft({ ...draft, text: event.target.value })}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
        />
        <div className="composer-tools">
          <input
            ref={picker}
            type="file"
            multiple
            hidden
            onChange={(event) => {
              void attach([...(event.target.files ?? [])]);
              event.target.value = "";
            }}
          />
          <button type="button" className="icon" title={t("composer.attach")} onClick={() => picker.current?.click()}>
            <Paperclip aria-hidden size={18} />
            <span className="hidden">{t("composer.attach")}</span>
          </button>
          <span className="spring" />
          {isAnswering && (
            <button type="button" className="round stop" title={`${t("composer.stop")} (Esc)`} onClick={onStop}>
              <Square aria-hidden size={14} fill="currentColor" />
              <span className="hidden">{t("composer.stop")}</span>
            </button>
          )}
          {(!isAnswering || !isEmpty(draft)) && (
            <button
              type="submit"
              className="round"
              title={isAnswering ? t("composer.queue") : t("composer.send")}
              aria-disabled={isEmpty(draft)}
            >
              <ArrowUp aria-hidden size={18} />
              <span className="hidden">{isAnswering ? t("composer.queue") : t("composer.send")}</span>
            </button>
          )}
        </div>
      </form>
      <p className={isAway ? "composer-hint away" : "composer-hint"} role="status">
        {isAway ? t("connection.offline") : t("composer.hint")}
      </p>
    </div>
  );
}
