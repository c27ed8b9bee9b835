import { useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { isProblem } from "../api/problem";
import type { Tag, TagColor } from "../contract";
import { useAppDispatch } from "../store/store";
import { Confirm, Dialog } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { FormProblem } from "../ui/FormProblem";
import { useForm } from "../ui/form";
import { noticed } from "../ui/notices";
import { TagChip } from "./TagChip";
import { useCreateTagMutation, useDeleteTagMutation, useUpdateTagMutation } from "./api";
import { useTags } from "./tags";

const COLORS: readonly TagColor[] = ["gray", "red", "orange", "yellow", "green", "blue", "purple", "pink"];

/** All tags of the person: how they are called and shown. */
export default function TagsDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const tags = useTags();
  const [remove] = useDeleteTagMutation();
  const [asked, setAsked] = useState<Tag | null>(null);
  return (
    <Dialog title={t("tags.manage")} onClose={onClose}>
      <p className="quiet">{t("tags.intro")}</p>
      <ul className="tag-list">
        {tags.map((tag) => (
          <li key={tag.id}>
            <OneTag tag={tag} onDelete={() => setAsked(tag)} />
          </li>
        ))}
      </ul>
      <NewTag />
      {asked && (
        <Confirm
          title={t("tags.deleteTitle", { name: asked.name })}
          detail={t("tags.deleteDetail")}
          action={t("list.delete")}
          onClose={() => setAsked(null)}
          onConfirm={() =>
            void remove(asked).then(({ error }) => {
              if (error) dispatch(noticed("notice.notDeleted", isProblem(error) ? error : null));
            })
          }
        />
      )}
    </Dialog>
  );
}

function OneTag({ tag, onDelete }: { tag: Tag; onDelete: () => void }) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const [update] = useUpdateTagMutation();
  const { name } = tag;
  const [typed, setTyped] = useState<string | null>(null);
  const change = async (changes: { name?: string; color?: TagColor }) => {
    const { error } = await update({ tag, changes });
    if (error) dispatch(noticed("notice.notSaved", isProblem(error) ? error : null));
  };
  const rename = () => {
    const wanted = typed?.trim() ?? "";
    setTyped(null);
    if (wanted !== "" && wanted !== name) void change({ name: wanted });
  };
  return (
    <>
      <TagChip tag={tag} />
      <form
        className="tag-form"
        onSubmit={(event) => {
          event.preventDefault();
          rename();
        }}
      >
        <input
          aria-label={t("tags.nameOf", { name })}
          dir="auto"
          autoComplete="off"
          required
          maxLength={60}
          value={typed ?? name}
          onChange={(event) => setTyped(event.target.value)}
          onBlur={rename}
        />
        <Colors label={t("tags.colorOf", { name })} value={tag.color} onChoose={(color) => void change({ color })} />
        <button type="button" aria-label={t("tags.deleteOne", { name })} onClick={onDelete}>
          {t("list.delete")}
        </button>
      </form>
    </>
  );
}

function NewTag() {
  const { t } = useTranslation();
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  const [create] = useCreateTagMutation();
  const [color, setColor] = useState<TagColor>("gray");
  const { problem, isBusy, onSubmit } = useForm(async ({ name = "" }) => {
    await create({ name, color }).unwrap();
    form.current?.reset();
  });
  return (
    <form ref={form} className="inline-form" onSubmit={onSubmit}>
      <Field label={t("tags.new")} name="name" required maxLength={60} dir="auto" autoComplete="off" problem={problem} />
      <div className="field tag-color">
        <label htmlFor={id}>{t("tags.color")}</label>
        <Colors id={id} value={color} onChoose={setColor} />
      </div>
      <button type="submit" aria-disabled={isBusy}>
        {t("tags.add")}
      </button>
      <FormProblem problem={problem} fields={["name"]} />
    </form>
  );
}

interface ColorsProps {
  id?: string;
  label?: string;
  value: TagColor;
  onChoose: (color: TagColor) => void;
}

function Colors({ id, label, value, onChoose }: ColorsProps) {
  const { t } = useTranslation();
  return (
    <select id={id} aria-label={label} value={value} onChange={(event) => onChoose(event.target.value as TagColor)}>
      {COLORS.map((color) => (
        <option key={color} value={color}>
          {t(`tags.color.${color}`)}
        </option>
      ))}
    </select>
  );
}
