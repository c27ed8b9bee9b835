import { useTranslation } from "react-i18next";
import type { Message } from "../contract";

/** Which model answered, what it read and wrote, and what that cost. */
export function UsageLine({ message }: { message: Message }) {
  const { t, i18n } = useTranslation();
  const { model, usage } = message;
  const number = new Intl.NumberFormat(i18n.language);
  const counts = usage && { input: number.format(usage.input_tokens), output: number.format(usage.output_tokens) };
  return (
    <p className="usage">
      {model && <span dir="ltr">{model}</span>}
      {counts && <span title={t("usage.tokensLabel", counts)}>{t("usage.tokens", counts)}</span>}
      {usage?.cost_microusd != null && <span>{money(usage.cost_microusd, i18n.language)}</span>}
    </p>
  );
}

/** Money in millionths of a dollar, with as many digits as it takes to see something. */
function money(microusd: number, language: string): string {
  const digits = microusd > 0 && microusd < 10_000 ? 4 : 2;
  return new Intl.NumberFormat(language, {
    style: "currency",
    currency: "USD",
    minimumFractionDigits: 2,
    maximumFractionDigits: digits,
  }).format(microusd / 1_000_000);
}
