import { Marked, type Token, type TokenizerExtension, type Tokens } from "marked";

export interface MathToken extends Tokens.Generic {
  type: "blockMath" | "inlineMath";
  text: string;
}

/** A formula between `$$` and `$$`, or `\[` and `\]`, on lines of its own. */
const blockMath: TokenizerExtension = {
  name: "blockMath",
  level: "block",
  start: (source) => source.match(/\n {0,3}(?:\$\$|\\\[)/)?.index,
  tokenizer(source) {
    const match = /^ {0,3}(?:\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\])[ \t]*(?:\n+|$)/.exec(source);
    if (!match) return undefined;
    return { type: "blockMath", raw: match[0], text: (match[1] ?? match[2] ?? "").trim() };
  },
};

/** A formula in a line. `$` counts only where no price is meant: nothing blank inside, and no digit behind. */
const inlineMath: TokenizerExtension = {
  name: "inlineMath",
  level: "inline",
  // Asked for every piece of a line: what looks for single characters is much quicker than an expression.
  start(source) {
    const [dollar, bracket] = [source.indexOf("$"), source.indexOf("\\(")];
    return dollar < 0 || bracket < 0 ? Math.max(dollar, bracket) : Math.min(dollar, bracket);
  },
  tokenizer(source) {
    const match = /^(?:\$\$([^\n$]+?)\$\$|\$(?![\s$])((?:\\.|[^\n$\\])+?)(?<!\s)\$(?!\d)|\\\(([^\n]+?)\\\))/.exec(source);
    if (!match) return undefined;
    return { type: "inlineMath", raw: match[0], text: (match[1] ?? match[2] ?? match[3] ?? "").trim() };
  },
};

const marked = new Marked({ gfm: true, extensions: [blockMath, inlineMath] });

export function lex(text: string): Token[] {
  return marked.lexer(text);
}

/** A top-level piece of a text, and where it begins. */
export interface Block {
  start: number;
  raw: string;
  token: Token;
}

/** A text as blocks. `text` is what they were made of. */
export interface Blocks {
  text: string;
  blocks: Block[];
}

export const noBlocks: Blocks = { text: "", blocks: [] };

/**
 * The blocks of a text that may have grown. Of a text that has only grown, everything before its last block stays as it
 * is, and only the last block, which is open, is read again.
 */
export function grow(before: Blocks, text: string): Blocks {
  if (text === before.text) return before;
  const open = text.startsWith(before.text) ? lastOpen(before.blocks) : 0;
  const kept = before.blocks.slice(0, open);
  const start = open < before.blocks.length ? (before.blocks[open]?.start ?? 0) : 0;
  const from = open === 0 ? 0 : start;
  return { text, blocks: [...kept, ...blocksOf(text, from)] };
}

/** The index of the last block that is more than blank space: more text may still belong to it. */
function lastOpen(blocks: Block[]): number {
  let index = blocks.length - 1;
  while (index > 0 && blocks[index]?.token.type === "space") index -= 1;
  return Math.max(0, index);
}

function blocksOf(text: string, from: number): Block[] {
  let start = from;
  return lex(text.slice(from)).map((token) => {
    const block = { start, raw: token.raw, token };
    start += token.raw.length;
    return block;
  });
}

/** Closes what the end of an unfinished text leaves open, so that it already looks as it will. */
export function mend(raw: string): string {
  const lastLine = raw.slice(raw.lastIndexOf("\n") + 1);
  if (/^\s{0,3}(```|~~~)/.test(raw)) return raw;
  let mended = raw;
  const ticks = lastLine.replaceAll("```", "").split("`").length - 1;
  if (ticks % 2 === 1) return `${mended}\``;
  // A link whose address is still coming shows its words.
  mended = mended.replace(/!?\[([^\]\n]*)\]\([^)\s]*$/, "$1").replace(/!?\[([^\]\n]*)$/, "$1");
  const bold = raw.slice(raw.lastIndexOf("\n\n") + 1).split("**").length - 1;
  if (bold % 2 === 1) mended = mended.endsWith("**") ? mended.slice(0, -2) : `${mended.replace(/\*$/, "")}**`;
  return mended;
}

/** Whether a block of code has its end, so that nothing of it is missing. */
export function isClosed(raw: string): boolean {
  return /\n\s{0,3}(?:```+|~~~+)\s*$/.test(raw);
}
