import { CodeBlock } from "./CodeBlock";

/** A diagram, by its source. */
export function Diagram({ source }: { source: string }) {
  return <CodeBlock code={source} language="mermaid" isOpen={false} />;
}
