import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Problem, isProblem } from "../api/problem";
import { at, request } from "../api/request";
import type { PartOf, SharedConversation } from "../contract";
import { PartView, Sources } from "../thread/PartView";
import { UserParts } from "../thread/UserParts";
import { NoticePage } from "../ui/NoticePage";
import { ProblemText } from "../ui/ProblemText";
import { useTitle } from "../ui/title";

const ROLES = {
  user: "share.question",
  assistant: "message.assistant",
  system: "message.system",
  tool: "message.tool",
} as const;

type Shared = SharedConversation["messages"][number];

/**
 * A conversation that a link shows, to anybody and to read only. The secret stays in the address: it is the link, and a
 * reload needs it.
 */
export default function SharePage({ id }: { id: string }) {
  const { t } = useTranslation();
  const secret = useSecret();
  const [shared, setShared] = useState<SharedConversation | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useTitle(shared?.title || t("share.page"));
  useEffect(() => {
    const controller = new AbortController();
    const path = at("/api/v1/shared/{share_id}", { share_id: id });
    request<SharedConversation>({ path, headers: { "X-Share-Token": secret }, signal: controller.signal }).then(setShared, (error: unknown) => {
      if (controller.signal.aborted) return;
      if (!isProblem(error)) throw error;
      setProblem(error);
    });
    return () => controller.abort();
  }, [id, secret]);
  if (problem && [400, 401, 403, 404, 422].includes(problem.status)) {
    return (
      <NoticePage title={t("app.nowhere")}>
        <p>{t("share.gone")}</p>
      </NoticePage>
    );
  }
  return (
    <main id="main" className="page shared" tabIndex={-1} aria-busy={!shared && !problem}>
      <div className="page-body">
        <header>
          <h1 dir="auto">{shared ? shared.title || t("share.page") : "…"}</h1>
          <p className="quiet">{t("share.readOnly")}</p>
        </header>
        {problem && (
          <p className="error" role="alert">
            <ProblemText problem={problem} />
          </p>
        )}
        {shared && !shared.is_whole && <p className="banner">{t("share.partial")}</p>}
        {shared?.messages.map((message, index) => <SharedMessage key={index} message={message} />)}
      </div>
    </main>
  );
}

function SharedMessage({ message }: { message: Shared }) {
  const { t } = useTranslation();
  const { role, parts, model } = message;
  const citations = parts.filter((part): part is PartOf<"citation"> => part.kind === "citation");
  return (
    <article className={`message ${role}`} aria-label={t(ROLES[role])}>
      <h2 className="hidden">{t(ROLES[role])}</h2>
      {role === "user" ? (
        <UserParts parts={parts} />
      ) : (
        <div className="answer">
          {parts.map((part, index) => (part.kind === "citation" ? null : <PartView key={index} part={part} isOpen={false} />))}
          {citations.length > 0 && <Sources citations={citations} />}
          {model && <p className="hint">{model}</p>}
        </div>
      )}
    </article>
  );
}

/** What stands behind the `#`; a link with another one may be opened over this page. */
function useSecret(): string {
  const read = () => location.hash.slice(1);
  const [secret, setSecret] = useState(read);
  useEffect(() => {
    const take = () => setSecret(read());
    addEventListener("hashchange", take);
    return () => removeEventListener("hashchange", take);
  }, []);
  return secret;
}
