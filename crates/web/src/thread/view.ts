import type { Message, Part } from "../contract";
import { isTerminal } from "../messages/slice";
import type { RunState } from "../runs/reducer";
import { useAppSelector } from "../store/store";

/** A message as it is shown: while it is being written, with what its run has said so far. */
export interface MessageView {
  message: Message;
  parts: Part[];
  /** Whether more may follow. */
  isOpen: boolean;
  run: RunState | null;
}

export function useMessageView(id: string): MessageView | null {
  const message = useAppSelector((state) => state.messages.entities[id]);
  const run = useAppSelector((state) => {
    const runId = state.runs.byMessage[id];
    return runId ? state.runs.runs[runId] : undefined;
  });
  if (!message) return null;
  if (isTerminal(message)) return { message, parts: message.parts, isOpen: false, run: null };
  // Until the run has told something, what was stored last is shown.
  if (!run || run.position === 0) return { message, parts: message.parts, isOpen: true, run: run ?? null };
  const isOpen = run.status === "waiting" || run.status === "streaming";
  return { message, parts: run.parts, isOpen, run };
}

/** The prose of a message. */
export function textOf(parts: Part[]): string {
  return parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join("\n\n");
}
