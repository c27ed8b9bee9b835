import { Brain, FileText, Wrench } from "lucide-react";
import { type ReactNode, memo } from "react";
import { useTranslation } from "react-i18next";
import type { Part, PartOf } from "../contract";
import { Link, Picture } from "../markdown/Link";
import { Markdown } from "../markdown/Markdown";

/** One part of an answer. */
export const PartView = memo(function PartView({ part, isOpen }: { part: Part; isOpen: boolean }) {
  const { t } = useTranslation();
  switch (part.kind) {
    case "text":
      return <Markdown text={part.text} isOpen={isOpen} />;
    case "reasoning":
      return (
        <Folded icon={<Brain aria-hidden size={16} />} summary={isOpen ? t("part.reasoningNow") : t("part.reasoning")}>
          <Markdown text={part.text} isOpen={isOpen} />
        </Folded>
      );
    case "tool_call":
      return (
        <Folded icon={<Wrench aria-hidden size={16} />} summary={t("part.toolCall", { name: part.name })}>
          <Plain text={pretty(part.arguments)} />
        </Folded>
      );
    case "tool_result":
      return (
        <Folded icon={<Wrench aria-hidden size={16} />} summary={t("part.toolResult")}>
          <Plain text={part.text} />
        </Folded>
      );
    case "image":
      return <Picture href={part.url} alternative="" />;
    case "file":
      return (
        <Folded icon={<FileText aria-hidden size={16} />} summary={part.name}>
          <Plain text={part.text ?? ""} />
        </Folded>
      );
    case "citation":
      return <Sources citations={[part]} />;
    case "unsupported":
      return <p className="hint">{t("part.unsupported", { description: part.description })}</p>;
  }
});

function Folded({ icon, summary, children }: { icon: ReactNode; summary: string; children: ReactNode }) {
  return (
    <details className="folded">
      <summary>
        {icon}
        <span dir="auto">{summary}</span>
      </summary>
      <div className="folded-body">{children}</div>
    </details>
  );
}

function Plain({ text }: { text: string }) {
  return (
    <pre tabIndex={0} dir="auto">
      {text}
    </pre>
  );
}

/** The sources that an answer quotes. */
export function Sources({ citations }: { citations: PartOf<"citation">[] }) {
  const { t } = useTranslation();
  return (
    <div className="sources">
      <h3>{t("part.sources")}</h3>
      <ol>
        {citations.map((citation, index) => (
          <li key={index} dir="auto">
            <Link href={citation.url}>{citation.title || citation.url}</Link>
            {citation.quote && <blockquote dir="auto">{citation.quote}</blockquote>}
          </li>
        ))}
      </ol>
    </div>
  );
}

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
