import { type KeyboardEvent, useState } from "react";

/** Which of the options below a search the arrow keys have come to, and what the enter key does with it. */
export function useActive(count: number, listId: string, choose: (index: number) => void) {
  const [active, setActive] = useState(0);
  const at = Math.min(active, count - 1);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -count, End: count }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const next = Math.max(0, Math.min(count - 1, at + step));
      setActive(next);
      document.getElementById(`${listId}-${next}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && !event.nativeEvent.isComposing) {
      event.preventDefault();
      if (at >= 0) choose(at);
    }
  };
  return { at, setActive, onKeyDown };
}
