import { Suspense, lazy, useContext, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Route, Switch } from "wouter";
import { withTexts } from "../i18n";
import { whoAmI } from "../session/actions";
import { useAppDispatch, useAppSelector } from "../store/store";
import { ChatPage } from "../thread/ChatPage";
import { Notices } from "../ui/Notices";
import { NoticePage } from "../ui/NoticePage";
import { Shell } from "./Shell";
import { SocketContext, useChannel } from "./realtime";

const SignInPage = lazy(() => import("../session/SignInPage"));
const SetUpPage = lazy(() => withTexts(import("../session/SetUpPage")));
const RegisterPage = lazy(() => withTexts(import("../session/RegisterPage")));
const VerifyPage = lazy(() => withTexts(import("../session/VerifyPage")));
const ForgotPage = lazy(() => withTexts(import("../session/ForgotPage")));
const ResetPage = lazy(() => withTexts(import("../session/ResetPage")));
const ActivatePage = lazy(() => withTexts(import("../session/ActivatePage")));
const InvitationPage = lazy(() => withTexts(import("../session/InvitationPage")));
const SharePage = lazy(() => withTexts(import("../sharing/SharePage")));
const ProjectPage = lazy(() => withTexts(import("../projects/ProjectPage")));
const SignInAgain = lazy(() => withTexts(import("../session/SignInAgain")));
const SearchPage = lazy(() => withTexts(import("../search/SearchPage")));
const SettingsPage = lazy(() => withTexts(import("../settings/SettingsPage")));
const AdminPage = lazy(() => withTexts(import("../admin/AdminPage")));

export function App() {
  return (
    <Suspense fallback={null}>
      <Switch>
        <Route path="/setup" component={SetUpPage} />
        <Route path="/login" component={SignInPage} />
        <Route path="/register" component={RegisterPage} />
        <Route path="/verify" component={VerifyPage} />
        <Route path="/forgot" component={ForgotPage} />
        <Route path="/reset" component={ResetPage} />
        <Route path="/activate" component={ActivatePage} />
        <Route path="/invitation" component={InvitationPage} />
        <Route path="/share/:id">{({ id }) => <SharePage key={id} id={id} />}</Route>
        <Route>
          <Private />
        </Route>
      </Switch>
      <Notices />
    </Suspense>
  );
}

/** Leaves for the page to sign in; the server knows whether there is anybody who can, and sends to the set-up otherwise. */
function ToSignIn() {
  useEffect(() => {
    const { pathname, search, hash } = window.location;
    const next = pathname === "/" ? "" : `?next=${encodeURIComponent(pathname + search + hash)}`;
    window.location.replace(`/login${next}`);
  }, []);
  return null;
}

/** Everything that is for somebody who is signed in. */
function Private() {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const status = useAppSelector((state) => state.session.status);
  const socket = useContext(SocketContext);
  const isSignedIn = status === "signed-in";
  useEffect(() => {
    if (!isSignedIn || !socket) return;
    socket.start();
    return () => socket.stop();
  }, [isSignedIn, socket]);
  useChannel("user:me");
  if (status === "signed-out") {
    return <ToSignIn />;
  }
  if (status === "unreachable") {
    return (
      <NoticePage title={t("app.unreachable")}>
        <button type="button" className="primary" onClick={() => void dispatch(whoAmI())}>
          {t("app.retry")}
        </button>
      </NoticePage>
    );
  }
  return (
    <>
      <Shell>
        <Suspense fallback={<div className="page" aria-busy="true" />}>
          <Switch>
            <Route path="/">
              <ChatPage conversationId={null} />
            </Route>
            <Route path="/c/:id">{({ id }) => <ChatPage key={id} conversationId={id} />}</Route>
            <Route path="/projects/:id">{({ id }) => <ProjectPage key={id} id={id} />}</Route>
            <Route path="/search" component={SearchPage} />
            <Route path="/settings/:section?">{({ section }) => <SettingsPage section={section} />}</Route>
            <Route path="/admin/:section?">{({ section }) => <AdminPage section={section} />}</Route>
            <Route>
              <NoticePage title={t("app.nowhere")}>
                <p>{t("app.nowhereDetail")}</p>
              </NoticePage>
            </Route>
          </Switch>
        </Suspense>
      </Shell>
      {status === "expired" && <SignInAgain />}
    </>
  );
}
