import type { Token, Tokens } from "marked";
import { type ReactNode, Suspense, lazy, memo, useRef } from "react";
import { CodeBlock } from "./CodeBlock";
import { Formula } from "./Formula";
import { Link, Picture } from "./Link";
import { type Block, type Blocks, type MathToken, grow, isClosed, lex, mend, noBlocks } from "./lexer";

const Diagram = lazy(() => import("./Diagram"));

/** Of a block that is longer than this many characters, pieces that did not change are not drawn again. */
const LONG = 4_000;
/** How many pieces of a long line are drawn, or left as they are, together. */
const TOGETHER = 60;

interface MarkdownProps {
  text: string;
  /** Whether more may follow. */
  isOpen?: boolean;
}

/**
 * A text in Markdown. It becomes React elements, never HTML: markup in the text is shown as the characters that it is.
 * While the text grows, only its last block is read and drawn again.
 */
export const Markdown = memo(function Markdown({ text, isOpen = false }: MarkdownProps) {
  const before = useRef<Blocks>(noBlocks);
  // Once nothing more follows, the whole is read at once: a definition at the end may explain a link at the beginning.
  const blocks = grow(isOpen ? before.current : noBlocks, text);
  before.current = blocks;
  const last = blocks.blocks.length - 1;
  const levels = levelsOf(blocks.blocks);
  return (
    <div className="markdown" dir="auto">
      {blocks.blocks.map((block, index) => (
        <BlockView
          key={block.start}
          raw={block.raw}
          token={block.token}
          level={levels[index] ?? 0}
          isOpen={isOpen && index === last}
        />
      ))}
    </div>
  );
});

/** The levels of the headings on the page: below that of the message, and none left out, whatever the model chose. */
function levelsOf(blocks: Block[]): number[] {
  const open: number[] = [];
  return blocks.map(({ token }) => {
    if (token.type !== "heading") return 0;
    const { depth } = token as Tokens.Heading;
    while (open.length > 0 && (open.at(-1) ?? 0) >= depth) open.pop();
    open.push(depth);
    return Math.min(6, open.length + 2);
  });
}

interface BlockViewProps {
  raw: string;
  token: Token;
  /** Of a heading. */
  level: number;
  isOpen: boolean;
}

const BlockView = memo(
  function BlockView({ raw, token, level, isOpen }: BlockViewProps) {
    if (token.type === "heading") return <Heading token={token as Tokens.Heading} level={level} />;
    if (!isOpen || token.type === "code") return block(token, 0, isOpen);
    const mended = raw.length > LONG ? raw : mend(raw);
    return mended === raw ? block(token, 0, true) : blocksIn(lex(mended));
  },
  (before, after) => before.raw === after.raw && before.isOpen === after.isOpen && before.level === after.level,
);

function blocksIn(tokens: Token[]): ReactNode {
  return tokens.map((token, index) => block(token, index));
}

function block(token: Token, key: number, isOpen = false): ReactNode {
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "heading":
      // Within lists and quotes there are no chapters.
      return (
        <p key={key} dir="auto">
          <strong>{inlines((token as Tokens.Heading).tokens)}</strong>
        </p>
      );
    case "paragraph":
      return (
        <p key={key} dir="auto">
          {isOpen ? inGroups((token as Tokens.Paragraph).tokens) : inlines((token as Tokens.Paragraph).tokens)}
        </p>
      );
    case "text": {
      const { tokens, text } = token as Tokens.Text;
      return <span key={key}>{tokens ? inlines(tokens) : text}</span>;
    }
    case "code": {
      const { text, lang } = token as Tokens.Code;
      const language = lang?.split(/\s/)[0] ?? "";
      const source = <CodeBlock key={key} code={text} language={language} isOpen={isOpen} />;
      if (isOpen || language !== "mermaid" || !isClosed(token.raw)) return source;
      return (
        <Suspense key={key} fallback={source}>
          <Diagram source={text} language={language} />
        </Suspense>
      );
    }
    case "blockquote":
      return (
        <blockquote key={key} dir="auto">
          {blocksIn((token as Tokens.Blockquote).tokens)}
        </blockquote>
      );
    case "list":
      return list(token as Tokens.List, key);
    case "table":
      return table(token as Tokens.Table, key);
    case "hr":
      return <hr key={key} />;
    case "blockMath":
      return <Formula key={key} source={(token as MathToken).text} isBlock />;
    default:
      // Markup of other kinds is text.
      return (
        <p key={key} className="verbatim" dir="auto">
          {token.raw}
        </p>
      );
  }
}

function Heading({ token, level }: { token: Tokens.Heading; level: number }) {
  const Level = `h${level}` as "h3" | "h4" | "h5" | "h6";
  return (
    <Level className={`depth-${token.depth}`} dir="auto">
      {inlines(token.tokens)}
    </Level>
  );
}

function list({ ordered, start, items }: Tokens.List, key: number): ReactNode {
  const children = items.map((item, index) => <Item key={index} item={item} />);
  return ordered ? (
    <ol key={key} start={start === "" ? 1 : start}>
      {children}
    </ol>
  ) : (
    <ul key={key}>{children}</ul>
  );
}

const Item = memo(
  function Item({ item }: { item: Tokens.ListItem }) {
    return (
      <li className={item.task ? "task" : undefined} dir="auto">
        {item.task && <input type="checkbox" checked={item.checked ?? false} disabled aria-label={item.text.slice(0, 80)} />}
        {blocksIn(item.tokens.filter((token) => token.type !== "checkbox"))}
      </li>
    );
  },
  (before, after) => before.item.raw === after.item.raw && before.item.loose === after.item.loose,
);

function table({ header, rows }: Tokens.Table, key: number): ReactNode {
  return (
    // Wide tables scroll within the answer, by keyboard too.
    <div key={key} className="table" tabIndex={0} role="group">
      <table>
        <thead>
          <Row cells={header} Cell="th" />
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <Row key={index} cells={row} Cell="td" />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const Row = memo(
  function Row({ cells, Cell }: { cells: Tokens.TableCell[]; Cell: "th" | "td" }) {
    return (
      <tr>
        {cells.map((cell, index) => (
          <Cell key={index} className={cell.align ? `align-${cell.align}` : undefined} dir="auto">
            {inlines(cell.tokens)}
          </Cell>
        ))}
      </tr>
    );
  },
  (before, after) =>
    before.cells.length === after.cells.length &&
    before.cells.every(({ text, align }, index) => text === after.cells[index]?.text && align === after.cells[index].align),
);

/** The pieces of a long line that grows: only those at its end are drawn again. */
function inGroups(tokens: Token[]): ReactNode {
  if (tokens.length <= TOGETHER) return inlines(tokens);
  const groups = Array.from({ length: Math.ceil(tokens.length / TOGETHER) }, (_, index) => tokens.slice(index * TOGETHER, (index + 1) * TOGETHER));
  return groups.map((group, index) => <Group key={index} tokens={group} raw={group.map(({ raw }) => raw).join("")} />);
}

const Group = memo(
  function Group({ tokens }: { tokens: Token[]; raw: string }) {
    return <span>{inlines(tokens)}</span>;
  },
  (before, after) => before.raw === after.raw,
);

function inlines(tokens: Token[]): ReactNode {
  return tokens.map((token, index) => inline(token, index));
}

function inline(token: Token, key: number): ReactNode {
  switch (token.type) {
    case "text": {
      const { tokens, text } = token as Tokens.Text;
      return tokens ? <span key={key}>{inlines(tokens)}</span> : unescape(text);
    }
    case "escape":
      return (token as Tokens.Escape).text;
    case "strong":
      return <strong key={key}>{inlines((token as Tokens.Strong).tokens)}</strong>;
    case "em":
      return <em key={key}>{inlines((token as Tokens.Em).tokens)}</em>;
    case "del":
      return <del key={key}>{inlines((token as Tokens.Del).tokens)}</del>;
    case "codespan":
      return (
        <code key={key} dir="ltr">
          {(token as Tokens.Codespan).text}
        </code>
      );
    case "br":
      return <br key={key} />;
    case "link": {
      const { href, tokens } = token as Tokens.Link;
      return (
        <Link key={key} href={href}>
          {inlines(tokens)}
        </Link>
      );
    }
    case "image": {
      const { href, text } = token as Tokens.Image;
      return <Picture key={key} href={href} alternative={text} />;
    }
    case "inlineMath":
      return <Formula key={key} source={(token as MathToken).text} />;
    case "html":
      // Models break lines in tables with it; everything else is shown as it is written.
      return /^<br\s*\/?>$/i.test(token.raw) ? <br key={key} /> : token.raw;
    default:
      return token.raw;
  }
}

const NAMED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

/** The characters that common entities stand for. They become text, so nothing can come to life. */
function unescape(text: string): string {
  if (!text.includes("&")) return text;
  return text.replaceAll(/&(?:#(\d{1,6})|(amp|lt|gt|quot|apos|nbsp));/g, (entity, code: string, name: string) =>
    name ? (NAMED[name] ?? entity) : String.fromCodePoint(Math.min(Number(code), 0x10ffff)),
  );
}
