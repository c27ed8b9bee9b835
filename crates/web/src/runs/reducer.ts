import type { FrameOf, Part, RunFrame, Usage } from "../contract";

/** What is known of one generation. Its text is exactly what the server had at `position` of `epoch`. */
export interface RunState {
  epoch: string | null;
  position: number;
  status: "waiting" | "streaming" | "completed" | "failed" | "cancelled" | "interrupted";
  messageId: string | null;
  parts: Part[];
  /** Whether each part is whole. */
  ended: boolean[];
  finishReason: FrameOf<"run.completed">["finish_reason"];
  usage: Usage | null;
  problem: { type: string; detail: string } | null;
}

export const emptyRun: RunState = {
  epoch: null,
  position: 0,
  status: "waiting",
  messageId: null,
  parts: [],
  ended: [],
  finishReason: null,
  usage: null,
  problem: null,
};

/** Whether nothing more can follow. */
export function isOver(state: RunState): boolean {
  return state.status !== "waiting" && state.status !== "streaming";
}

/**
 * The state after one more frame. Frames that the state already covers change nothing, so a replay may overlap.
 * Positions may skip: the server joins deltas that a reader has missed.
 */
export function reduceRun(state: RunState, frame: RunFrame): RunState {
  if (frame.type === "subscribed") return begin(state, frame);
  if (frame.type === "snapshot") return replace(state, frame);
  if (isOver(state) || frame.position <= state.position) return state;
  const next = { ...state, position: frame.position };
  switch (frame.type) {
    case "run.started":
      return { ...next, status: "streaming", messageId: frame.message_id };
    case "part.started":
      return {
        ...next,
        status: "streaming",
        parts: withPart(state.parts, frame.part, frame.content),
        ended: withPart(state.ended, frame.part, false),
      };
    case "delta": {
      const part = state.parts[frame.part];
      return part ? { ...next, parts: withPart(state.parts, frame.part, grown(part, frame.text)) } : next;
    }
    case "part.ended":
      return { ...next, ended: withPart(state.ended, frame.part, true) };
    case "run.completed":
    case "run.failed":
    case "run.cancelled":
    case "run.interrupted":
      return {
        ...next,
        status: frame.type.slice("run.".length) as RunState["status"],
        ended: state.parts.map(() => true),
        finishReason: frame.finish_reason,
        usage: frame.usage,
        problem: frame.problem ?? null,
      };
  }
}

/** A subscription began. A new epoch that is recovered from its beginning starts over; a snapshot follows otherwise. */
function begin(state: RunState, frame: FrameOf<"subscribed">): RunState {
  if (frame.epoch === state.epoch || isOver(state)) return state;
  const { messageId } = state;
  if (frame.recovered) return { ...emptyRun, messageId, epoch: frame.epoch };
  // What is shown stays until the snapshot replaces it.
  return { ...state, epoch: frame.epoch, position: 0 };
}

function replace(state: RunState, frame: FrameOf<"snapshot">): RunState {
  if (!("parts" in frame.state) || isOver(state)) return state;
  if (frame.epoch === state.epoch && frame.position < state.position) return state;
  const { parts } = frame.state;
  const ended = parts.map((_, index) => index < parts.length - 1);
  return { ...state, epoch: frame.epoch, position: frame.position, status: "streaming", parts, ended };
}

function grown(part: Part, text: string): Part {
  switch (part.kind) {
    case "text":
    case "reasoning":
    case "tool_result":
      return { ...part, text: part.text + text };
    case "tool_call":
      return { ...part, arguments: part.arguments + text };
    default:
      return part;
  }
}

function withPart<T>(parts: T[], index: number, part: T): T[] {
  const copy = parts.slice();
  copy[index] = part;
  return copy;
}
