import { Check, Copy, WrapText } from "lucide-react";
import { memo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCopy } from "../ui/copy";
import { useHighlighted } from "./highlight";

interface CodeBlockProps {
  code: string;
  language: string;
  /** Whether more may follow. */
  isOpen: boolean;
}

export const CodeBlock = memo(function CodeBlock({ code, language, isOpen }: CodeBlockProps) {
  const { t } = useTranslation();
  const [isWrapped, setWrapped] = useState(false);
  const [isCopied, copy] = useCopy();
  const { done, rest } = useHighlighted(code, language, isOpen);
  return (
    <figure className="code-block" dir="ltr">
      <figcaption>
        <span className="language">{language || t("code.plain")}</span>
        <button type="button" className="small" aria-pressed={isWrapped} title={t("code.wrap")} onClick={() => setWrapped(!isWrapped)}>
          <WrapText aria-hidden size={15} />
          <span className="hidden">{t("code.wrap")}</span>
        </button>
        <button type="button" className="small" title={t("code.copy")} onClick={() => copy(code)}>
          {isCopied ? <Check aria-hidden size={15} /> : <Copy aria-hidden size={15} />}
          <span className="hidden">{isCopied ? t("code.copied") : t("code.copy")}</span>
        </button>
      </figcaption>
      <pre className={isWrapped ? "wrapped" : undefined} tabIndex={0}>
        <code>
          {done}
          {rest}
        </code>
      </pre>
    </figure>
  );
});
