import { Suspense, lazy, useContext, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Route, Switch } from "wouter";
import { whoAmI } from "../session/actions";
import { SignInPage } from "../session/SignInPage";
import { useAppDispatch, useAppSelector } from "../store/store";
import { ChatPage } from "../thread/ChatPage";
import { Notices } from "../ui/Notices";
import { NoticePage } from "../ui/NoticePage";
import { Shell } from "./Shell";
import { SocketContext, useChannel } from "./realtime";

const SetUpPage = lazy(() => import("../session/SetUpPage"));
const SignInAgain = lazy(() => import("../session/SignInAgain"));
const SearchPage = lazy(() => import("../search/SearchPage"));
const SettingsPage = lazy(() => import("../settings/SettingsPage"));
const AdminPage = lazy(() => import("../admin/AdminPage"));

export function App() {
  return (
    <Suspense fallback={null}>
      <Switch>
        <Route path="/setup" component={SetUpPage} />
        <Route path="/login" component={SignInPage} />
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
