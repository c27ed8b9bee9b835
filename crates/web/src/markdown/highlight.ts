import { type ReactNode, useEffect, useState } from "react";

/** Beyond this many characters code stays plain: colours are not worth a page that stutters. */
const MOST = 60_000;
/** How much open code is coloured while it grows. */
const MOST_OPEN = 8_000;
/** How often open code is coloured again, in milliseconds. */
const INTERVAL = 400;

type Highlighter = typeof import("./highlighter");
let highlighter: Highlighter | null = null;

interface Highlighted {
  code: string;
  language: string;
  nodes: ReactNode;
}

/** The code with colours as far as they are known, and the rest of it. The highlighter is loaded when first needed. */
export function useHighlighted(code: string, language: string, isOpen: boolean): { done: ReactNode; rest: string } {
  const [highlighted, setHighlighted] = useState<Highlighted | null>(() =>
    !isOpen && highlighter && code.length <= MOST / 10
      ? { code, language, nodes: highlighter.highlight(code, language) }
      : null,
  );
  const wanted = language !== "" && code.length <= (isOpen ? MOST_OPEN : MOST) ? upTo(code, isOpen) : "";
  useEffect(() => {
    if (wanted === "" || (highlighted?.code === wanted && highlighted.language === language)) return;
    let isWanted = true;
    const colour = async () => {
      highlighter ??= await import("./highlighter");
      if (isWanted) setHighlighted({ code: wanted, language, nodes: highlighter.highlight(wanted, language) });
    };
    const timer = setTimeout(() => void colour(), isOpen ? INTERVAL : 0);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
    // Open code is coloured at intervals, not again from the start with every line.
  }, [isOpen ? Math.floor(wanted.length / 400) : wanted, language, isOpen]);
  if (!highlighted || highlighted.language !== language || !code.startsWith(highlighted.code)) {
    return { done: null, rest: code };
  }
  return { done: highlighted.nodes, rest: code.slice(highlighted.code.length) };
}

/** Open code is coloured line by line: half a line often looks like something else. */
function upTo(code: string, isOpen: boolean): string {
  return isOpen ? code.slice(0, code.lastIndexOf("\n") + 1) : code;
}
