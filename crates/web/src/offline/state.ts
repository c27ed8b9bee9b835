import { useSyncExternalStore } from "react";
import { type RootState, useAppSelector } from "../store/store";

const OWNER = "colloquy.keeps";

/** From now on this device keeps what this person reads. */
export function allowKeeping(userId: string): void {
  localStorage.setItem(OWNER, userId);
}

/** Whether nobody has signed out since, in another tab perhaps. */
export const mayKeep = (userId: string) => localStorage.getItem(OWNER) === userId;

/** Removes what this device keeps of the person who was signed in. */
export function forgetKept(): void {
  localStorage.removeItem(OWNER);
  indexedDB.deleteDatabase("colloquy");
}

export const isOffline = (state: RootState) => state.session.status === "offline";

/** Whether nothing can be reached: the server did not answer when the page opened, or the device has no network. */
export function useOffline(): boolean {
  const isKept = useAppSelector(isOffline);
  const hasNetwork = useSyncExternalStore(
    (listener) => {
      addEventListener("online", listener);
      addEventListener("offline", listener);
      return () => {
        removeEventListener("online", listener);
        removeEventListener("offline", listener);
      };
    },
    () => navigator.onLine,
  );
  return isKept || !hasNetwork;
}
