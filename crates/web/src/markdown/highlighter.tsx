import { common, createLowlight } from "lowlight";
import type { ReactNode } from "react";

const lowlight = createLowlight(common);

type Tree = ReturnType<typeof lowlight.highlight>["children"][number];

/** The code as elements with the classes of its tokens; plain where the language is not known. */
export function highlight(code: string, language: string): ReactNode {
  const name = language.toLowerCase();
  if (!lowlight.registered(name)) return code;
  return lowlight.highlight(name, code).children.map(node);
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
