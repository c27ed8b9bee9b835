/** Where the last sentence, line or list entry that is whole ends, from a place on. */
export function endOfSentences(text: string, from: number): number {
  const ends = /[.!?…。！？]["')\]»”]?(?=\s)|[。！？]|\n/g;
  ends.lastIndex = from;
  let end = from;
  for (let match = ends.exec(text); match; match = ends.exec(text)) end = match.index + match[0].length;
  return end;
}

/** What is worth reading aloud of a text in Markdown. */
export function spoken(text: string): string {
  return text
    .replaceAll(/^\s*(```|~~~).*$/gm, "")
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/^\s*(#{1,6}|[-*+>]|\|)\s*/gm, "")
    .replaceAll(/[*_`]{1,3}/g, "")
    .trim();
}
