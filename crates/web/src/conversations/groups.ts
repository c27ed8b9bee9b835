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

/**
 * The lines for conversations that are sorted by time, newest first: the pinned ones, then the others by age. `top`: where
 * the others begin, when there are more above them.
 */
export function rowsOf(conversations: Conversation[], now: Date, withGroups: boolean, top: string | null = null): { pinned: Row[]; rest: Row[] } {
  const of = (some: Conversation[], groupOfOne: (conversation: Conversation) => GroupLabel, before: string) => {
    const rows: Row[] = [];
    let group = before;
    for (const conversation of some) {
      const label = groupOfOne(conversation);
      const key = keyOf(label);
      if (withGroups && key !== group) rows.push({ kind: "heading", key, label });
      group = key;
      rows.push({ kind: "conversation", key: conversation.id, id: conversation.id });
    }
    return rows;
  };
  const isAbove = ({ pinned }: Conversation) => withGroups && pinned;
  const groupAbove = top === null ? "" : keyOf(groupOf(top.split(" ")[0] ?? "", now));
  return {
    pinned: of(conversations.filter(isAbove), () => ({ name: "list.pinned" }), ""),
    rest: of(conversations.filter((one) => !isAbove(one)), ({ updated_at }) => groupOf(updated_at, now), groupAbove),
  };
}
