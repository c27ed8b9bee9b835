import type { Token, Tokens } from "marked";
import { lex } from "./lexer";

/** The words of a text in Markdown, without the marks that only say how it looks. What is code stays as it is. */
export function plain(text: string): string {
  return blocks(lex(text)).trim();
}

function blocks(tokens: Token[]): string {
  return tokens
    .map(block)
    .filter((text) => text !== "")
    .join("\n");
}

function block(token: Token): string {
  switch (token.type) {
    case "space":
    case "hr":
    case "def":
    case "checkbox":
      return "";
    case "list":
      return (token as Tokens.List).items.map((item) => blocks(item.tokens)).join("\n");
    case "blockquote":
      return blocks((token as Tokens.Blockquote).tokens);
    case "table": {
      const { header, rows } = token as Tokens.Table;
      return [header, ...rows].map((row) => row.map((cell) => line(cell.tokens)).join(", ")).join("\n");
    }
    case "code":
      return (token as Tokens.Code).text;
    default:
      return inline(token);
  }
}

const line = (tokens: Token[]): string => tokens.map(inline).join("");

function inline(token: Token): string {
  if (token.type === "br") return "\n";
  if (token.type === "html") return /^<br\s*\/?>$/i.test(token.raw) ? " " : token.raw;
  if ("tokens" in token && token.tokens && token.tokens.length > 0) return line(token.tokens);
  return "text" in token ? String(token.text) : token.raw;
}
