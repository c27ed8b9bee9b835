import { plain } from "../markdown/plain";

export interface Piece {
  text: string;
  highlighted: boolean;
}

// Characters that no text should have: they hold the place of what was found while the marks of Markdown are taken away.
const [BEGIN, END] = ["\uE000", "\uE001"];

/**
 * A passage as people read it. It was cut out of a text in Markdown, so marks may have lost their other half: those go too.
 */
export function excerpt(snippet: Piece[]): Piece[] {
  const without = (text: string) => text.replaceAll(/[\uE000\uE001]/g, "");
  const whole = snippet.map(({ text, highlighted }) => (highlighted ? BEGIN + without(text) + END : without(text))).join("");
  const words = plain(whole)
    .replaceAll(/\|?(?:\s*:?-{3,}:?\s*\|)+/g, " ")
    .replaceAll(/(^|\s)(?:#{1,6}|[-+>|])(?=\s)/g, "$1")
    .replaceAll(/\*\*|`+|~~/g, "")
    .replaceAll(/\s+/g, " ");
  const pieces = words.split(/(\uE000[^\uE001]*\uE001)/).filter((text) => text !== "");
  const found = pieces.map((text) => ({ text: without(text), highlighted: text.startsWith(BEGIN) }));
  // What was found only within an address, say, is shown as it stands there.
  return found.some(({ highlighted }) => highlighted) ? found : snippet;
}
