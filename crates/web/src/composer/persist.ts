import type { RootState, Store, Thunk } from "../store/store";
import { type Outgoing, outboxRestored } from "./outbox";

const nameOf = (userId: string) => `colloquy.outbox.${userId}`;

/** Brings back messages that had not left the device when the page was closed. */
export const restoreOutbox =
  (userId: string): Thunk =>
  (dispatch) => {
    try {
      const stored = localStorage.getItem(nameOf(userId));
      if (stored) dispatch(outboxRestored(JSON.parse(stored) as Outgoing[]));
    } catch {
      // What cannot be read cannot be sent.
    }
  };

export const forgetOutbox = (): Thunk => (_, getState) => {
  const userId = getState().session.me?.id;
  if (userId) localStorage.removeItem(nameOf(userId));
};

/** Keeps the outbox on the device, so that a crash loses nothing that was sent off. */
export function persistOutbox(store: Store): void {
  let before: RootState["outbox"] = store.getState().outbox;
  store.subscribe(() => {
    const { outbox, session } = store.getState();
    if (outbox === before || !session.me) return;
    before = outbox;
    try {
      if (outbox.length === 0) localStorage.removeItem(nameOf(session.me.id));
      else localStorage.setItem(nameOf(session.me.id), JSON.stringify(outbox));
    } catch {
      // The device has no room: what waits lives as long as the page.
    }
  });
}
