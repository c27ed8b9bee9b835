import { type ReactNode, useEffect, useState } from "react";
import type { Piece } from "./highlighter";

/** Beyond this many characters code stays plain. */
const MOST = 200_000;
/** So much is coloured while it is drawn for the first time, so that it does not change before somebody's eyes. */
const AT_ONCE = 6_000;
/** So much without colours is not waited for any longer. */
const MUCH = 8_000;
/** How often the end of open code is coloured again, in milliseconds. */
const INTERVAL = 400;

type Highlighter = typeof import("./highlighter");
let highlighter: Highlighter | null = null;

interface Highlighted {
  language: string;
  /** Finished pieces, which stay as they are. */
  pieces: Piece[];
  /** The end of code that still grows, as it was when it was coloured last. */
  end: Piece | null;
}

const nothing = (language: string): Highlighted => ({ language, pieces: [], end: null });
const lengthOf = ({ pieces }: Highlighted) => pieces.reduce((sum, { code }) => sum + code.length, 0);

/** Whether what was coloured is still how the code begins. */
function fits({ pieces }: Highlighted, code: string): boolean {
  let at = 0;
  return pieces.every((piece) => {
    at += piece.code.length;
    return code.startsWith(piece.code, at - piece.code.length);
  });
}

/**
 * The code with colours as far as they are known, and the rest of it. Long code is coloured piece by piece, each in a task
 * of its own. The highlighter is loaded when first needed.
 */
export function useHighlighted(code: string, language: string, isOpen: boolean): { done: ReactNode; rest: string } {
  const [state, setState] = useState<Highlighted>(() => {
    if (isOpen || !highlighter || code.length > AT_ONCE) return nothing(language);
    return { language, pieces: [highlighter.all(code, language, 0)], end: null };
  });
  const known = state.language === language && fits(state, code) ? state : nothing(language);
  const length = lengthOf(known);
  const isWanted = language !== "" && code.length <= MOST && length < code.length;
  useEffect(() => {
    if (!isWanted) return;
    let isCurrent = true;
    const colour = async () => {
      highlighter ??= await import("./highlighter");
      if (!isCurrent) return;
      const rest = code.slice(length);
      const piece = highlighter.next(rest, language, isOpen, length);
      if (piece) setState({ language, pieces: [...known.pieces, piece], end: null });
      else if (isOpen) setState({ ...known, end: highlighter.all(upToLine(rest), language, length) });
    };
    const timer = setTimeout(() => void colour(), isOpen && code.length - length < MUCH ? INTERVAL : 0);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
    // Open code is coloured at intervals, not again with every line.
  }, [isWanted, isOpen ? Math.floor(code.length / 400) : code, length, language, isOpen]);
  const end = known.end && code.startsWith(known.end.code, length) ? known.end : null;
  const pieces = end ? [...known.pieces, end] : known.pieces;
  return {
    done: pieces.map(({ nodes }) => nodes),
    rest: code.slice(length + (end?.code.length ?? 0)),
  };
}

/** Open code is coloured line by line: half a line often looks like something else. */
function upToLine(code: string): string {
  return code.slice(0, code.lastIndexOf("\n") + 1);
}
