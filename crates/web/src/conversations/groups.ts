import type { Conversation } from "../contract";

/** A line of the sidebar: a heading, or a conversation. */
export type Row = { kind: "heading"; key: string; label: GroupLabel } | { kind: "conversation"; key: string; id: string };

export type GroupLabel =
  | { name: "list.pinned" | "list.today" | "list.yesterday" | "list.week" | "list.month" }
  | { month: string };

const DAY = 86_400_000;

/** The heading under which a time stands, seen from now. */
export function groupOf(at: string, now: Date): GroupLabel {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const time = Date.parse(at);
  if (time >= midnight) return { name: "list.today" };
  if (time >= midnight - DAY) return { name: "list.yesterday" };
  if (time >= midnight - 7 * DAY) return { name: "list.week" };
  if (time >= midnight - 30 * DAY) return { name: "list.month" };
  return { month: monthOf(new Date(time)) };
}

const monthOf = (date: Date) => `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}`;
const keyOf = (label: GroupLabel) => ("name" in label ? label.name : label.month);

/** The lines for conversations that are sorted by time, newest first: the pinned ones, then the others by age. */
export function rowsOf(conversations: Conversation[], now: Date, withGroups: boolean): Row[] {
  const rows: Row[] = [];
  let group = "";
  const add = (label: GroupLabel, id: string) => {
    const key = keyOf(label);
    if (withGroups && key !== group) rows.push({ kind: "heading", key, label });
    group = key;
    rows.push({ kind: "conversation", key: id, id });
  };
  for (const conversation of conversations) {
    if (withGroups && conversation.pinned) add({ name: "list.pinned" }, conversation.id);
  }
  for (const conversation of conversations) {
    if (!withGroups || !conversation.pinned) add(groupOf(conversation.updated_at, now), conversation.id);
  }
  return rows;
}
