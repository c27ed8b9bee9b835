import { Pencil, StickyNote, ThumbsDown, ThumbsUp, Trash2 } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Annotation, Message } from "../contract";
import { Confirm } from "../ui/Dialog";
import { useAnnotateMutation, useDeleteAnnotationMutation, useUpdateAnnotationMutation } from "./api";
import { useMine, useOutcome } from "./mine";

const LONGEST = 4_000;

interface NotesProps {
  message: Message;
  /** Whether a note is being added. */
  isAdding: boolean;
  onAdded: () => void;
}

/** What the person wrote beside a message. */
export default function Notes({ message, isAdding, onAdded }: NotesProps) {
  const { t } = useTranslation();
  const mine = useMine(message);
  const told = useOutcome();
  const [annotate] = useAnnotateMutation();
  const [update] = useUpdateAnnotationMutation();
  const [remove] = useDeleteAnnotationMutation();
  const [edited, setEdited] = useState<string | null>(null);
  const [asked, setAsked] = useState<Annotation | null>(null);
  const place = useRef<HTMLElement>(null);
  const rating = mine?.rating;
  const notes = mine?.notes ?? [];
  if (!rating && notes.length === 0 && !isAdding) return null;
  /** Back to where notes are added, unless the person is elsewhere already; this place may be gone by then. */
  const toActions = () => {
    if (!place.current?.contains(document.activeElement)) return;
    const article = place.current.closest("article");
    requestAnimationFrame(() => article?.querySelector<HTMLElement>(".message-actions > button:last-child")?.focus());
  };
  const edit = (id: string | null) => {
    setEdited(id);
    if (id === null) toActions();
  };
  const added = () => {
    onAdded();
    toActions();
  };
  const change = async (annotation: Annotation, note: string) => {
    if (told(await update({ annotation, changes: { note } }))) edit(null);
  };
  const editor = (annotation: Annotation, label: string) => (
    <NoteEditor key={annotation.id} label={label} text={annotation.note ?? ""} onSave={(text) => change(annotation, text)} onCancel={() => edit(null)} />
  );
  const said = t(rating?.rating === "down" ? "rating.saidDown" : "rating.saidUp");
  const Thumb = rating?.rating === "down" ? ThumbsDown : ThumbsUp;
  return (
    <section ref={place} className="notes" aria-label={t("notes.yours")}>
      {rating && edited === rating.id && editor(rating, t("rating.why"))}
      {rating && edited !== rating.id && rating.note === null && rating.version > 0 && (
        <button type="button" className="quiet-button" onClick={() => edit(rating.id)}>
          {t("rating.remark")}
        </button>
      )}
      {rating && edited !== rating.id && rating.note !== null && (
        <Note
          icon={<Thumb role="img" aria-label={said} size={15} />}
          text={rating.note}
          editLabel={t("notes.remarkEdit")}
          deleteLabel={t("notes.remarkDelete")}
          onEdit={() => edit(rating.id)}
          onDelete={() => void update({ annotation: rating, changes: { note: null } }).then((outcome) => told(outcome, "notice.notDeleted"))}
        />
      )}
      {notes.map((note) =>
        edited === note.id ? (
          editor(note, t("notes.note"))
        ) : (
          <Note
            key={note.id}
            icon={<StickyNote aria-hidden size={15} />}
            text={note.note ?? ""}
            editLabel={t("notes.edit")}
            deleteLabel={t("notes.delete")}
            onEdit={() => edit(note.id)}
            onDelete={() => setAsked(note)}
          />
        ),
      )}
      {isAdding && (
        <NoteEditor
          label={t("notes.note")}
          text=""
          onSave={async (note) => {
            if (told(await annotate({ message, said: { kind: "note", note } }))) added();
          }}
          onCancel={added}
        />
      )}
      {asked && (
        <Confirm
          title={t("notes.deleteTitle")}
          detail={t("notes.deleteDetail")}
          action={t("list.delete")}
          onClose={() => setAsked(null)}
          onConfirm={() => {
            toActions();
            void remove(asked).then((outcome) => told(outcome, "notice.notDeleted"));
          }}
        />
      )}
    </section>
  );
}

interface NoteProps {
  icon: ReactNode;
  text: string;
  editLabel: string;
  deleteLabel: string;
  onEdit: () => void;
  onDelete: () => void;
}

function Note({ icon, text, editLabel, deleteLabel, onEdit, onDelete }: NoteProps) {
  return (
    <div className="note">
      {icon}
      <p dir="auto">{text}</p>
      <button type="button" className="small" title={editLabel} onClick={onEdit}>
        <Pencil aria-hidden size={14} />
        <span className="hidden">{editLabel}</span>
      </button>
      <button type="button" className="small" title={deleteLabel} onClick={onDelete}>
        <Trash2 aria-hidden size={14} />
        <span className="hidden">{deleteLabel}</span>
      </button>
    </div>
  );
}

interface NoteEditorProps {
  label: string;
  text: string;
  onSave: (text: string) => Promise<void>;
  onCancel: () => void;
}

/** Writes a note. What the server refuses stays here. */
function NoteEditor({ label, text, onSave, onCancel }: NoteEditorProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState(text);
  const area = useRef<HTMLTextAreaElement>(null);
  const isSaving = useRef(false);
  useLayoutEffect(() => {
    const end = area.current?.value.length ?? 0;
    area.current?.focus();
    area.current?.setSelectionRange(end, end);
  }, []);
  const words = typed.trim();
  const save = async () => {
    if (words === "" || isSaving.current) return;
    isSaving.current = true;
    await onSave(words);
    isSaving.current = false;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape" && !event.nativeEvent.isComposing) {
      event.preventDefault();
      onCancel();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void save();
    }
  };
  return (
    <div className="editor note-editor" onKeyDown={onKeyDown}>
      <textarea ref={area} aria-label={label} placeholder={label} dir="auto" rows={2} maxLength={LONGEST} value={typed} onChange={(event) => setTyped(event.target.value)} />
      <div className="editor-tools">
        <span className="hint">{t("notes.private")}</span>
        <button type="button" onClick={onCancel}>
          {t("app.cancel")}
        </button>
        <button type="button" className="primary" disabled={words === ""} onClick={() => void save()}>
          {t("app.save")}
        </button>
      </div>
    </div>
  );
}
