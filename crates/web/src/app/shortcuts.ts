import { useEffect } from "react";

export const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** The keys of the whole app: what is pressed with Ctrl, or ⌘ on a Mac. */
export interface Shortcuts {
  search(): void;
  newChat(): void;
  toggleSidebar(): void;
  help(): void;
}

export function useShortcuts(shortcuts: Shortcuts): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (!(isMac ? event.metaKey : event.ctrlKey) || event.altKey) return;
      const key = event.key.toLowerCase();
      const action =
        key === "k" && !event.shiftKey
          ? shortcuts.search
          : key === "o" && event.shiftKey
            ? shortcuts.newChat
            : key === "s" && event.shiftKey
              ? shortcuts.toggleSidebar
              : event.key === "/" || event.code === "Slash"
                ? shortcuts.help
                : null;
      if (!action) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [shortcuts]);
}
