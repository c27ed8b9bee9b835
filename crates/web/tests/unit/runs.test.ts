import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Part, RunFrame } from "../../src/contract";
import { type RunState, emptyRun, isOver, reduceRun } from "../../src/runs/reducer";

const channel = "run:0192f000-0000-7000-8000-000000000001";
type Unplaced = RunFrame extends infer Frame ? (Frame extends { position: number } ? Omit<Frame, "position" | "channel"> : never) : never;

/** What a run says: reasoning, text, a tool call, in pieces of any size. */
const script = fc
  .array(fc.tuple(fc.constantFrom("text", "reasoning", "tool_call"), fc.array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 }), { maxLength: 12 })), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => {
    const frames: Unplaced[] = [{ type: "run.started", conversation_id: "c", message_id: "m", model: "a/b" } as Unplaced];
    parts.forEach(([kind, pieces], part) => {
      const content = (kind === "tool_call" ? { kind, id: "1", name: "x", arguments: "" } : { kind, text: "" }) as Part;
      frames.push({ type: "part.started", part, content } as Unplaced);
      for (const text of pieces) frames.push({ type: "delta", part, text } as Unplaced);
      frames.push({ type: "part.ended", part } as Unplaced);
    });
    frames.push({ type: "run.completed", finish_reason: "stop", usage: null } as Unplaced);
    return frames.map((frame, index) => ({ ...frame, channel, position: index + 1 }) as Placed);
  });
type Placed = Extract<RunFrame, { position: number }> & { position: number };

const run = (frames: RunFrame[], from: RunState = emptyRun) => frames.reduce(reduceRun, from);
const subscribed = (epoch: string, recovered: boolean): RunFrame =>
  ({ type: "subscribed", channel, epoch, recovered, position: 0 }) as RunFrame;

/** Deltas of the same part that follow one another become one, at the position of the last, as in a replay. */
function joined(frames: Placed[]): Placed[] {
  const all: Placed[] = [];
  for (const frame of frames) {
    const last = all.at(-1);
    if (frame.type === "delta" && last?.type === "delta" && last.part === frame.part) {
      all[all.length - 1] = { ...frame, text: last.text + frame.text };
    } else all.push(frame);
  }
  return all;
}

/** How a connection breaks and what the server does then. */
const breaks = fc.array(
  fc.record({
    after: fc.nat(60),
    how: fc.constantFrom("replay", "overlap", "joined", "snapshot", "new epoch", "from the beginning"),
  }),
  { maxLength: 6 },
);

describe("the state of a run", () => {
  it("ends in the same text however the frames are split, lost, replayed and resumed", () => {
    fc.assert(
      fc.property(script, breaks, (frames, interruptions) => {
        const whole = run([subscribed("e0", true), ...frames]);
        let epoch = "e0";
        let state = run([subscribed(epoch, true)]);
        let rest = frames;
        for (const { after, how } of interruptions) {
          state = run(rest.slice(0, Math.min(after, Math.max(0, rest.length - 1))), state);
          if (isOver(state)) break;
          const at = state.position;
          const missing = frames.filter((frame) => frame.position > at);
          if (how === "replay") {
            state = run([subscribed(epoch, true)], state);
            rest = missing;
          } else if (how === "overlap") {
            state = run([subscribed(epoch, true)], state);
            rest = frames.filter((frame) => frame.position > at - 3);
          } else if (how === "joined") {
            state = run([subscribed(epoch, true)], state);
            rest = joined(missing);
          } else {
            if (how !== "snapshot") epoch += "'";
            if (how === "from the beginning") {
              state = run([subscribed(epoch, true)], state);
              rest = frames;
            } else {
              const upTo = frames.filter((frame) => frame.position <= Math.min(at + 2, frames.length - 1));
              const position = upTo.at(-1)?.position ?? 0;
              const { parts } = run([subscribed("server", true), ...upTo]);
              const snapshot = { type: "snapshot", channel, epoch, position, state: { status: "streaming", parts } } as RunFrame;
              state = run([subscribed(epoch, false), snapshot], state);
              rest = frames.filter((frame) => frame.position > position);
            }
          }
        }
        state = run(rest, state);
        expect(state.parts).toEqual(whole.parts);
        expect(state.status).toBe("completed");
      }),
      { numRuns: 600 },
    );
  });

  it("changes nothing for a frame that it has already", () => {
    fc.assert(
      fc.property(script, fc.nat(40), (frames, again) => {
        const state = run([subscribed("e", true), ...frames.slice(0, -1)]);
        const old = frames[again % Math.max(1, frames.length - 1)];
        expect(old && reduceRun(state, old)).toBe(state);
      }),
    );
  });

  it("shares what did not change, so that only the open part is drawn again", () => {
    const content = { kind: "text", text: "" } as Part;
    const before = run([
      subscribed("e", true),
      { type: "part.started", channel, position: 1, part: 0, content: { kind: "reasoning", text: "hm" } },
      { type: "part.ended", channel, position: 2, part: 0 },
      { type: "part.started", channel, position: 3, part: 1, content },
    ] as RunFrame[]);
    const after = reduceRun(before, { type: "delta", channel, position: 4, part: 1, text: "x" } as RunFrame);
    expect(after.parts[0]).toBe(before.parts[0]);
    expect(after.parts[1]).toEqual({ kind: "text", text: "x" });
  });
});
