import { ThumbsDown, ThumbsUp } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Message } from "../contract";
import { useAnnotateMutation, useDeleteAnnotationMutation, useUpdateAnnotationMutation } from "./api";
import { useMine, useOutcome } from "./mine";

const RATINGS = [
  ["up", "rating.up", ThumbsUp],
  ["down", "rating.down", ThumbsDown],
] as const;

/** Whether an answer is good or bad. Pressed again, a judgement is taken back. */
export default function Ratings({ message }: { message: Message }) {
  const { t } = useTranslation();
  const mine = useMine(message);
  const told = useOutcome();
  const [annotate, made] = useAnnotateMutation();
  const [update, changed] = useUpdateAnnotationMutation();
  const [remove, removed] = useDeleteAnnotationMutation();
  const isBusy = !mine || made.isLoading || changed.isLoading || removed.isLoading;
  const press = async (rating: "up" | "down") => {
    if (isBusy) return;
    const before = mine.rating;
    if (!before) told(await annotate({ message, said: { kind: "rating", rating } }));
    else if (before.rating === rating) told(await remove(before));
    else told(await update({ annotation: before, changes: { rating } }));
  };
  return RATINGS.map(([rating, name, Icon]) => (
    <button
      key={rating}
      type="button"
      className="small"
      title={t(name)}
      aria-pressed={mine?.rating?.rating === rating}
      aria-disabled={isBusy}
      onClick={() => void press(rating)}
    >
      <Icon aria-hidden size={16} />
      <span className="hidden">{t(name)}</span>
    </button>
  ));
}
