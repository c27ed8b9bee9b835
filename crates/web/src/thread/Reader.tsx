import { useEffect, useRef, useState } from "react";
import { endOfSentences, spoken } from "./sentences";
import { textOf, useMessageView } from "./view";

/** How often something new is read aloud, at most. */
const PAUSE = 1_500;

/** Reads an answer aloud, for those who have it read, while it is written: by whole sentences, not by tokens. */
export default function Reader({ messageId }: { messageId: string }) {
  const view = useMessageView(messageId);
  const isOpen = view?.isOpen ?? false;
  const whole = view?.message.role === "assistant" ? textOf(view.parts) : "";
  const [said, setSaid] = useState("");
  // What was finished before somebody came is not read.
  const place = useRef<number | null>(null);
  const wasOpen = useRef(false);
  if (isOpen) wasOpen.current = true;
  place.current ??= isOpen ? 0 : whole.length;
  const latest = useRef({ whole, isOpen });
  latest.current = { whole, isOpen };
  const end = wasOpen.current ? (isOpen ? endOfSentences(whole, place.current) : whole.length) : place.current;
  const hasMore = end > place.current;
  useEffect(() => {
    if (!hasMore) return;
    const timer = setTimeout(() => {
      const { whole: now, isOpen: goesOn } = latest.current;
      const from = place.current ?? 0;
      const to = goesOn ? endOfSentences(now, from) : now.length;
      place.current = to;
      setSaid(spoken(now.slice(from, to)));
    }, PAUSE);
    return () => clearTimeout(timer);
  }, [hasMore, isOpen, said]);
  return <span>{said}</span>;
}
