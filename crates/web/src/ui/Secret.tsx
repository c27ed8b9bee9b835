import { Check, Copy } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useCopy } from "./copy";

interface SecretProps {
  title: string;
  detail: string;
  value: string;
  copyLabel: string;
  children?: ReactNode;
}

/** Something that is shown only once: a key, or a link that works like one. */
export function Secret({ title, detail, value, copyLabel, children }: SecretProps) {
  const { t } = useTranslation();
  const [isCopied, copy] = useCopy();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.focus(), [value]);
  return (
    <div className="banner new-key" ref={place} tabIndex={-1} role="status">
      <strong>{title}</strong> <span>{detail}</span>
      <p>
        <code>{value}</code>
        <button type="button" onClick={() => copy(value)}>
          {isCopied ? <Check aria-hidden size={16} /> : <Copy aria-hidden size={16} />}
          {isCopied ? t("code.copied") : copyLabel}
        </button>
      </p>
      {children}
    </div>
  );
}
