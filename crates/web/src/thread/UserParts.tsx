import { FileText } from "lucide-react";
import type { Part } from "../contract";
import { PartView } from "./PartView";

/** What a person said: their words as they typed them. */
export function UserParts({ parts }: { parts: Part[] }) {
  return (
    <div className="bubble">
      {parts.map((part, index) => {
        if (part.kind === "text") {
          return (
            <p key={index} dir="auto">
              {part.text}
            </p>
          );
        }
        if (part.kind === "file") {
          return (
            <details key={index} className="file">
              <summary>
                <FileText aria-hidden size={16} />
                <span dir="auto">{part.name}</span>
              </summary>
              {part.text && (
                <pre tabIndex={0} dir="auto">
                  {part.text}
                </pre>
              )}
            </details>
          );
        }
        return <PartView key={index} part={part} isOpen={false} />;
      })}
    </div>
  );
}
