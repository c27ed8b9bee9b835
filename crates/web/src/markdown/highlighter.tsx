import { common, createLowlight } from "lowlight";
import type { ReactNode } from "react";

const lowlight = createLowlight(common);

type Tree = ReturnType<typeof lowlight.highlight>["children"][number];

/** Code with its colours. */
export interface Piece {
  code: string;
  nodes: ReactNode;
}

/** About how many characters are coloured in one task, and how many at most. */
const [LENGTH, LONGEST] = [2_500, 10_000];
/** Stands behind a piece, to see whether something goes on there. */
const MARK = "\nzqmarkqz";

/** The code as elements with the classes of its tokens; plain where the language is not known. */
export function all(code: string, language: string, key: number): Piece {
  const name = language.toLowerCase();
  const trees: Tree[] = lowlight.registered(name) ? lowlight.highlight(name, withoutEnd(code)).children : [{ type: "text", value: withoutEnd(code) }];
  return piece(code, trees, key);
}

/** A piece is a block of its own, so that the browser need not lay out the others again; the block ends its last line. */
const piece = (code: string, trees: Tree[], key: number): Piece => ({
  code,
  nodes: (
    <span key={key} className="code-piece">
      {trees.map(node)}
    </span>
  ),
});
const withoutEnd = (code: string) => (code.endsWith("\n") ? code.slice(0, -1) : code);

/**
 * The first piece of the code: lines that can be coloured without those behind them, because no comment or text goes on
 * there. `null` while more of code that grows has to come.
 */
export function next(code: string, language: string, isOpen: boolean, key: number): Piece | null {
  const name = language.toLowerCase();
  if (!lowlight.registered(name)) return isOpen ? null : all(code, language, key);
  for (let least = LENGTH; least < LONGEST; least += LENGTH) {
    const end = endOfPiece(code, least);
    if (end === null) return isOpen ? null : all(code, language, key);
    const text = code.slice(0, end);
    const trees = alone(withoutEnd(text), name);
    if (trees) return piece(text, trees, key);
  }
  return all(code.slice(0, endOfPiece(code, LONGEST) ?? code.length), language, key);
}

/** Where a piece of at least so many characters ends: before the next empty line if there is one soon, or with a line. */
function endOfPiece(code: string, least: number): number | null {
  if (code.length <= least) return null;
  const blank = code.indexOf("\n\n", least);
  if (blank >= 0 && blank - least < LENGTH / 2) return blank + 1;
  const line = code.indexOf("\n", least);
  return line < 0 ? null : line + 1;
}

/** A piece in colours, if what follows it is code again and not still the same text or comment. */
function alone(text: string, name: string): Tree[] | null {
  const { children } = lowlight.highlight(name, text + MARK);
  const last = children.at(-1);
  if (last?.type === "text" && last.value.endsWith(MARK)) {
    return [...children.slice(0, -1), { ...last, value: last.value.slice(0, -MARK.length) }];
  }
  const isWord = last?.type === "element" && last.children.length === 1 && last.children[0]?.type === "text";
  if (!isWord || (last.children[0] as { value: string }).value !== MARK.trim()) return null;
  return lowlight.highlight(name, text).children;
}

function node(tree: Tree, key: number): ReactNode {
  if (tree.type === "text") return tree.value;
  if (tree.type !== "element") return null;
  const classes = tree.properties.className;
  return (
    <span key={key} className={Array.isArray(classes) ? classes.join(" ") : undefined}>
      {tree.children.map((child, index) => node(child as Tree, index))}
    </span>
  );
}
