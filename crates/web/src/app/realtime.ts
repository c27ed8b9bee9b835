import { createContext, useContext, useEffect } from "react";
import { api } from "../api/api";
import { isProblem } from "../api/problem";
import { at, request } from "../api/request";
import { retryAll, sendNext } from "../composer/actions";
import type { Me, Run, ServerFrame } from "../contract";
import { loadConversations } from "../conversations/actions";
import { loadThread } from "../messages/actions";
import { runKnown, runOf } from "../runs/slice";
import { connectionChanged, sessionExpired } from "../session/slice";
import { FrameGatherer } from "../socket/frames";
import { Socket } from "../socket/socket";
import { framesArrived } from "../store/frames";
import type { Store } from "../store/store";

const addressOfSocket = () => `${location.origin.replace(/^http/, "ws")}/api/v1/ws`;

async function checkSession(): Promise<"signed-in" | "signed-out" | "unknown"> {
  try {
    await request<Me>({ path: at("/api/v1/me") });
    return "signed-in";
  } catch (error) {
    return isProblem(error) && error.status === 401 ? "signed-out" : "unknown";
  }
}

/** Connects the store with the server: frames come in at most once a paint, and what they call for follows. */
export function connect(store: Store): Socket {
  const fresh = new WeakSet<ServerFrame>();
  const gatherer = new FrameGatherer((frames) => {
    store.dispatch(framesArrived(frames));
    for (const frame of frames) follow(store, frame, fresh.has(frame));
  });
  return new Socket(addressOfSocket, {
    frame(frame, isFresh) {
      if (isFresh) fresh.add(frame);
      gatherer.add(frame);
    },
    state(state) {
      store.dispatch(connectionChanged(state));
      if (state === "open") store.dispatch(retryAll());
    },
    refused: () => store.dispatch(sessionExpired()),
    unexplained: checkSession,
  });
}

/** What a frame calls for beyond the change of the state. */
function follow(store: Store, frame: ServerFrame, isFresh: boolean): void {
  const { dispatch } = store;
  const conversationId =
    "channel" in frame && frame.channel?.startsWith("conversation:") ? frame.channel.slice("conversation:".length) : null;
  if (frame.type === "subscribed" || frame.type === "snapshot") {
    // What changed before the subscription began, or was too much to be replayed, is read anew.
    if (conversationId && (frame.type === "snapshot" || isFresh)) {
      void dispatch(loadThread(conversationId, null, null));
    }
    if (frame.channel === "user:me" && (frame.type === "snapshot" || isFresh)) {
      dispatch(api.util.invalidateTags(["Tag", "Annotation"]));
      for (const { view } of Object.values(store.getState().conversations.lists)) void dispatch(loadConversations(view, "again"));
    }
    const runId = runOf(frame);
    if (runId && frame.type === "snapshot" && !store.getState().runs.runs[runId]?.messageId) {
      void learnOfRun(store, runId);
    }
  }
  if (frame.type === "event" && frame.event.type.startsWith("annotation.")) dispatch(api.util.invalidateTags(["Annotation"]));
  if (frame.type === "event" && frame.event.type.startsWith("tag.")) dispatch(api.util.invalidateTags(["Tag"]));
  if (frame.type === "event" && frame.event.run && frame.event.run.status !== "running" && frame.event.conversation_id) {
    void dispatch(sendNext(frame.event.conversation_id));
  }
}

/** A snapshot does not say which message it is of. */
async function learnOfRun(store: Store, runId: string): Promise<void> {
  try {
    store.dispatch(runKnown(await request<Run>({ path: at("/api/v1/runs/{run_id}", { run_id: runId }) })));
  } catch (error) {
    if (!isProblem(error)) throw error;
  }
}

export const SocketContext = createContext<Socket | null>(null);

/** Follows a channel as long as the component is there. */
export function useChannel(channel: string | null): void {
  const socket = useContext(SocketContext);
  useEffect(() => (socket && channel ? socket.follow(channel) : undefined), [socket, channel]);
}
