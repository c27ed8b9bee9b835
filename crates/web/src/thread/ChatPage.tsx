import { ChevronDown, Share2, SlidersHorizontal } from "lucide-react";
import { Suspense, lazy, useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { nanoid } from "@reduxjs/toolkit";
import { useModelsQuery } from "../api/api";
import { isProblem } from "../api/problem";
import { useChannel } from "../app/realtime";
import { Composer } from "../composer/Composer";
import { isAnswering, send, sendNext } from "../composer/actions";
import { NEW, writeDraft } from "../composer/drafts";
import type { CreateConversation, Part, UpdateConversation } from "../contract";
import { createConversation, loadConversation, problemFrom, updateConversation } from "../conversations/actions";
import { isViewer, mayLink, useRight } from "../conversations/rights";
import { withTexts } from "../i18n";
import { loadThread, stopRun } from "../messages/actions";
import { ModelPicker } from "../models/ModelPicker";
import { isOffline } from "../offline/state";
import { ProjectTag, projectInAddress } from "../projects/ProjectTag";
import { useAppDispatch, useAppSelector } from "../store/store";
import { HeaderTags } from "../tags/HeaderTags";
import { NoticePage } from "../ui/NoticePage";
import { noticed } from "../ui/notices";
import { useTitle } from "../ui/title";
import { Greeting } from "./Greeting";
import { Thread } from "./Thread";
import { useOpenedAt } from "./opened";

const Details = lazy(() => withTexts(import("./Details")));
const ShareDialog = lazy(() => withTexts(import("../sharing/ShareDialog")));

/** A conversation, or the beginning of one. */
export function ChatPage({ conversationId }: { conversationId: string | null }) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const [, navigate] = useLocation();
  const [isMissing, setMissing] = useState(false);
  const [plan, setPlan] = useState<CreateConversation>(() => ({ project_id: projectInAddress() }));
  const [showsDetails, setShowsDetails] = useState(false);
  const [shares, setShares] = useState(false);
  const [editedId, setEditedId] = useState<string | null>(null);
  const attempt = useRef<{ key: string } | null>(null);
  const conversation = useAppSelector((state) => (conversationId ? state.conversations.entities[conversationId] : undefined));
  const isGone = useAppSelector((state) => (conversationId ? state.conversations.gone[conversationId] === true : false));
  const isBusy = useAppSelector((state) => (conversationId ? isAnswering(state, conversationId) : false));
  const isSignedIn = useAppSelector((state) => state.session.status === "signed-in");
  const isAway = useAppSelector(isOffline);
  const onlyReads = useAppSelector(isViewer);
  const links = useAppSelector(mayLink);
  useChannel(conversationId && !isMissing ? `conversation:${conversationId}` : null);
  useTitle(conversation?.title ?? "");
  useEffect(() => {
    if (conversationId && isAway) void dispatch(loadThread(conversationId, null, null));
    if (!conversationId || !isSignedIn) return;
    const open = async () => {
      try {
        await dispatch(loadConversation(conversationId));
        await dispatch(loadThread(conversationId, null, null));
        await dispatch(sendNext(conversationId));
      } catch (error) {
        if (dispatch(problemFrom(error)).status === 404) setMissing(true);
      }
    };
    void open();
  }, [dispatch, conversationId, isSignedIn, isAway]);
  const right = useRight(conversation);
  const openedAt = useOpenedAt(conversationId);
  const stop = useCallback(
    () => conversationId && dispatch(stopActive(conversationId)),
    [dispatch, conversationId],
  );
  useEscape(isBusy, stop);
  const change = (changes: UpdateConversation) => {
    if (conversationId) void dispatch(updateConversation(conversationId, changes));
    else setPlan({ ...plan, ...(changes as CreateConversation) });
  };
  const onSend = async (parts: Part[]): Promise<boolean> => {
    if (conversationId) {
      dispatch(send({ conversationId, parts }));
      return true;
    }
    // Had the first attempt arrived without its answer, the second one does not make another conversation.
    attempt.current ??= { key: nanoid() };
    try {
      const created = await dispatch(createConversation(plan, attempt.current.key));
      attempt.current = null;
      dispatch(send({ conversationId: created.id, parts }));
      navigate(`/c/${created.id}`);
      return true;
    } catch (error) {
      const problem = dispatch(problemFrom(error));
      if (problem.status !== 0 && problem.status < 500) attempt.current = null;
      if (isProblem(error) && error.status !== 401) dispatch(noticed("notice.notSaved", problem));
      return false;
    }
  };
  if (isMissing || isGone) {
    return (
      <NoticePage title={t("app.nowhere")}>
        <p>{t("app.nowhereDetail")}</p>
      </NoticePage>
    );
  }
  const projectId = conversation ? conversation.project_id : plan.project_id;
  const model = conversation ? conversation.model : (plan.model ?? null);
  return (
    <main id="main" className="chat" tabIndex={-1}>
      <header className="chat-header">
        <ChooseModel value={model} onChoose={right === "own" ? (next) => change({ model: next }) : null} />
        <h1 dir="auto" className={conversation?.title ? undefined : "hidden"}>
          {conversation?.title || t("nav.newChat")}
        </h1>
        {projectId && <ProjectTag id={projectId} />}
        {conversation && isSignedIn && right === "own" && <HeaderTags conversation={conversation} />}
        {conversation && isSignedIn && right === "own" && links && (
          <button type="button" className="icon" title={t("share.title")} onClick={() => setShares(true)}>
            <Share2 aria-hidden size={18} />
            <span className="hidden">{t("share.title")}</span>
          </button>
        )}
        {right === "own" && (
          <button type="button" className="icon" title={t("chat.details")} onClick={() => setShowsDetails(true)}>
            <SlidersHorizontal aria-hidden size={18} />
            <span className="hidden">{t("chat.details")}</span>
          </button>
        )}
      </header>
      {conversationId ? (
        <Thread conversationId={conversationId} right={right} openedAt={openedAt} editedId={editedId} onEdit={setEditedId} />
      ) : (
        <Greeting onSuggest={onlyReads ? null : suggest} />
      )}
      {right !== "read" ? (
        <Composer
          place={conversationId ?? NEW}
          isAnswering={isBusy}
          onSend={onSend}
          onStop={stop}
          onEditLast={() => conversationId && right === "own" && setEditedId("last")}
        />
      ) : (
        <p className="hint read-only">{t(onlyReads ? "chat.viewer" : "projects.readOnly")}</p>
      )}
      {shares && conversationId && (
        <Suspense fallback={null}>
          <ShareDialog conversationId={conversationId} onClose={() => setShares(false)} />
        </Suspense>
      )}
      {showsDetails && (
        <Suspense fallback={null}>
          <Details
            systemPrompt={conversation ? conversation.system_prompt : (plan.system_prompt ?? null)}
            parameters={conversation ? conversation.parameters : (plan.parameters ?? {})}
            onSave={change}
            onClose={() => setShowsDetails(false)}
          />
        </Suspense>
      )}
    </main>
  );
}

function suggest(text: string): void {
  writeDraft(NEW, { text, files: [] });
  const area = document.getElementById("composer");
  if (!(area instanceof HTMLTextAreaElement)) return;
  area.focus();
  requestAnimationFrame(() => area.setSelectionRange(text.length, text.length));
}

const stopActive =
  (conversationId: string): import("../store/store").Thunk =>
  (dispatch, getState) => {
    const { conversations, runs } = getState();
    const leafId = conversations.entities[conversationId]?.active_leaf_id;
    const runId = leafId ? runs.byMessage[leafId] : undefined;
    if (runId) void dispatch(stopRun(runId));
  };

/** Escape stops the answer, unless something that is open takes it first. */
function useEscape(isActive: boolean, act: () => void): void {
  useEffect(() => {
    if (!isActive) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      if (document.querySelector("dialog[open], .menu, .editor:focus-within")) return;
      act();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [isActive, act]);
}

/** The model that answers; somebody who may not choose another only sees it. */
function ChooseModel({ value, onChoose }: { value: string | null; onChoose: ((model: string | null) => void) | null }) {
  const { t } = useTranslation();
  const { data: models = [] } = useModelsQuery();
  const standard = models.find((model) => model.is_default)?.id;
  const shown = value ?? standard ?? t("model.none");
  const name = shown.split("/").slice(1).join("/") || shown;
  if (!onChoose) {
    return (
      <span className="model-shown" title={t("model.choose", { name: shown })}>
        {name}
      </span>
    );
  }
  return (
    <ModelPicker
      value={value}
      onChoose={onChoose}
      first={standard ? `${t("model.default")} (${standard})` : t("model.default")}
      trigger={
        <button type="button" className="model-button" aria-label={t("model.choose", { name: shown })}>
          <span>{name}</span>
          <ChevronDown aria-hidden size={16} />
        </button>
      }
    />
  );
}
