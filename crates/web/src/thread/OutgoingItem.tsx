import { useTranslation } from "react-i18next";
import { giveBack, retry } from "../composer/actions";
import { type Outgoing, outgoingRemoved } from "../composer/outbox";
import { useOffline } from "../offline/state";
import { useAppDispatch } from "../store/store";
import { ProblemText } from "../ui/ProblemText";
import { UserParts } from "./UserParts";

/** A message that is on its way, waits for its turn, or did not arrive. */
export function OutgoingItem({ outgoing }: { outgoing: Outgoing }) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const isAway = useOffline();
  const { status, problem } = outgoing;
  return (
    <article className="message user outgoing" aria-label={t("message.you")} data-status={status}>
      <UserParts parts={outgoing.parts} />
      <p className="outgoing-state" role={status === "failed" ? "alert" : undefined}>
        {status === "failed" ? (
          <>
            <strong>{t("outbox.failed")}.</strong> {problem && <ProblemText problem={problem} />}{" "}
            <button type="button" className="link" onClick={() => dispatch(retry(outgoing))}>
              {t("outbox.retry")}
            </button>{" "}
          </>
        ) : (
          <span>{status === "queued" ? t(isAway ? "outbox.offline" : "outbox.queued") : t("outbox.sending")} </span>
        )}
        {status !== "sending" && (
          <>
            <button type="button" className="link" onClick={() => dispatch(giveBack(outgoing))}>
              {t("outbox.edit")}
            </button>{" "}
            <button type="button" className="link" onClick={() => dispatch(outgoingRemoved(outgoing.key))}>
              {t("outbox.discard")}
            </button>
          </>
        )}
      </p>
    </article>
  );
}
