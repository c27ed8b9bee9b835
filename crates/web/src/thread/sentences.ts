import { plain } from "../markdown/plain";

/** Where the last sentence, line or list entry that is whole ends, from a place on. */
export function endOfSentences(text: string, from: number): number {
  const ends = /[.!?…。！？]["')\]»”]?(?=\s)|[。！？]|\n/g;
  ends.lastIndex = from;
  let end = from;
  for (let match = ends.exec(text); match; match = ends.exec(text)) end = match.index + match[0].length;
  return end;
}

/** What is worth reading aloud of a part of a text in Markdown, which may begin or end within a block of code. */
export function spoken(text: string): string {
  return plain(text.replaceAll(/^\s*(```|~~~).*$/gm, ""));
}
