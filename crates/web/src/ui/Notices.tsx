import { X } from "lucide-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useAppDispatch, useAppSelector } from "../store/store";
import { type Notice, dismissed } from "./notices";
import { MOST_BYTES } from "../composer/files";
import { ProblemText } from "./ProblemText";

const SHOWN_FOR = 8_000;

/** What the person should know, for a while, at the edge of the page. */
export function Notices() {
  const { t } = useTranslation();
  const notices = useAppSelector((state) => state.notices);
  return (
    <div className="notices" role="status" aria-label={t("notice.region")}>
      {notices.map((notice) => (
        <NoticeCard key={notice.id} notice={notice} />
      ))}
    </div>
  );
}

function NoticeCard({ notice }: { notice: Notice }) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  useEffect(() => {
    const timer = setTimeout(() => dispatch(dismissed(notice.id)), SHOWN_FOR);
    return () => clearTimeout(timer);
  }, [dispatch, notice.id]);
  return (
    <div className="notice">
      <p>
        {t(notice.text, { limit: `${Math.round(MOST_BYTES / 1024)} kB` })} {notice.problem && <ProblemText problem={notice.problem} />}
      </p>
      <button type="button" className="small" title={t("app.close")} onClick={() => dispatch(dismissed(notice.id))}>
        <X aria-hidden size={16} />
        <span className="hidden">{t("app.close")}</span>
      </button>
    </div>
  );
}
