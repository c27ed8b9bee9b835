import { useSyncExternalStore } from "react";

/** Whether the sidebar is shown. On small screens it lies over the page and starts hidden. */
const STORED = "colloquy.sidebar";
const small = () => matchMedia("(max-width: 760px)").matches;
let isShown = !small() && localStorage.getItem(STORED) !== "hidden";
const listeners = new Set<() => void>();

export function showSidebar(shown: boolean): void {
  isShown = shown;
  if (!small()) localStorage.setItem(STORED, shown ? "shown" : "hidden");
  for (const listener of listeners) listener();
}

/** On small screens the sidebar gives way to what was chosen in it. */
export function leaveSidebar(): void {
  if (small()) showSidebar(false);
}

export function useSidebar(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => isShown,
  );
}

export const isSidebarShown = () => isShown;
export const isSmall = small;
