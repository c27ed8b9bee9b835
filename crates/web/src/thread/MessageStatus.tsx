import { useTranslation } from "react-i18next";
import type { MessageView } from "./view";

/** How an answer stands: that it is still coming, or why it is not whole. */
export function MessageStatus({ view: { message, parts, isOpen, run } }: { view: MessageView }) {
  const { t } = useTranslation();
  if (message.role !== "assistant") return null;
  if (isOpen) {
    if (parts.length > 0) return null;
    return (
      <p className="waiting" aria-label={t("message.waiting")} role="img">
        <span />
        <span />
        <span />
      </p>
    );
  }
  const status = run ? run.status : message.status;
  const problem = run ? run.problem : message.problem;
  const finish = run ? run.finishReason : message.finish_reason;
  if (status === "failed") {
    return (
      <p className="status bad" role="alert">
        {t("message.failed")} <span dir="auto">{problem?.detail}</span>
      </p>
    );
  }
  if (status === "interrupted") return <p className="status">{t("message.interrupted")}</p>;
  if (status === "cancelled") return <p className="status">{t("message.cancelled")}</p>;
  if (finish === "length") return <p className="status">{t("message.length")}</p>;
  if (finish === "content_filter") return <p className="status">{t("message.filtered")}</p>;
  return null;
}
