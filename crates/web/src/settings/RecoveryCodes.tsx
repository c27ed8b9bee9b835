import { Check, Copy, Download } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useCopy } from "../ui/copy";
import { download } from "../ui/download";

/** Codes for when the device is lost, shown only once. */
export function RecoveryCodes({ codes, onDone }: { codes: string[]; onDone: () => void }) {
  const { t } = useTranslation();
  const [isCopied, copy] = useCopy();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.focus(), [codes]);
  const text = codes.join("\n");
  return (
    <div className="banner" ref={place} tabIndex={-1} role="status">
      <strong>{t("totp.codes")}</strong> <span>{t("totp.codesOnce")}</span>
      <ul className="codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <p className="buttons">
        <button type="button" onClick={() => copy(text)}>
          {isCopied ? <Check aria-hidden size={16} /> : <Copy aria-hidden size={16} />}
          {isCopied ? t("code.copied") : t("totp.copyCodes")}
        </button>
        <button type="button" onClick={() => download(new Blob([`${text}\n`], { type: "text/plain" }), "colloquy-recovery-codes.txt")}>
          <Download aria-hidden size={16} />
          {t("totp.downloadCodes")}
        </button>
        <button type="button" className="primary" onClick={onDone}>
          {t("totp.kept")}
        </button>
      </p>
    </div>
  );
}
