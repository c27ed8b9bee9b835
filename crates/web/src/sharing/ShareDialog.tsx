import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Share } from "../contract";
import { Choice } from "../ui/Choice";
import { Dialog } from "../ui/Dialog";
import { Failed } from "../ui/Failed";
import { FormProblem } from "../ui/FormProblem";
import { Secret } from "../ui/Secret";
import { useDates } from "../ui/dates";
import { useForm } from "../ui/form";
import { useTold } from "../ui/told";
import { useCreateShareMutation, useRevokeShareMutation, useSharesQuery } from "./api";
import { LIFETIMES, type Lifetime, expiry } from "./expiry";

/** Links by which anybody may read a conversation. */
export default function ShareDialog({ conversationId, onClose }: { conversationId: string; onClose: () => void }) {
  const { t } = useTranslation();
  const { time } = useDates();
  const tell = useTold("notice.notDeleted");
  const { data: shares = [], error } = useSharesQuery(conversationId);
  const [create, created] = useCreateShareMutation();
  const [revoke] = useRevokeShareMutation();
  const [kind, setKind] = useState<Share["kind"]>("snapshot");
  const [lifetime, setLifetime] = useState<Lifetime>("30");
  const { problem, isBusy, onSubmit } = useForm(async () => {
    await create({ conversationId, kind, expiresAt: expiry(lifetime, new Date()) }).unwrap();
  });
  const remove = async (share: Share) => {
    if (tell(await revoke(share.id)) && created.data?.id === share.id) created.reset();
  };
  const kinds = (["snapshot", "live"] as const).map((name) => [name, t(`share.${name}`)] as const);
  const lifetimes = LIFETIMES.map((name) => [name, t(`share.lifetime.${name}`)] as const);
  return (
    <Dialog title={t("share.title")} onClose={onClose}>
      <p>{t("share.intro")}</p>
      <form className="inline-form" onSubmit={onSubmit}>
        <Choice label={t("share.kind")} options={kinds} value={kind} onChoose={setKind} />
        <Choice label={t("share.lifetime")} options={lifetimes} value={lifetime} onChoose={setLifetime} />
        <button type="submit" className="primary" aria-disabled={isBusy}>
          {t("share.create")}
        </button>
      </form>
      <FormProblem problem={problem} fields={[]} />
      {created.data && (
        <Secret
          title={t("share.created")}
          detail={t("share.once")}
          value={new URL(created.data.link, location.origin).href}
          copyLabel={t("admin.copyLink")}
        />
      )}
      <Failed error={error} />
      {shares.length > 0 && (
        <>
          <h3>{t("share.links")}</h3>
          <ul className="member-list">
            {shares.map((share) => (
              <li key={share.id}>
                <span>
                  {t(`share.${share.kind}`)}
                  <small className="quiet">
                    {t("share.made", { time: time(share.created_at) })}
                    {" · "}
                    {share.expires_at ? t("share.until", { time: time(share.expires_at) }) : t("share.lifetime.never")}
                  </small>
                </span>
                <button
                  type="button"
                  aria-label={t("share.revokeOne", { time: time(share.created_at) })}
                  onClick={() => void remove(share)}
                >
                  {t("app.revoke")}
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </Dialog>
  );
}
