import { KeyRound } from "lucide-react";
import { Suspense, lazy, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { useSignInOptionsQuery } from "../api/api";
import { type Problem, isProblem } from "../api/problem";
import { withTexts } from "../i18n";
import { useAppDispatch } from "../store/store";
import { Field } from "../ui/Field";
import { FormProblem } from "../ui/FormProblem";
import { useForm } from "../ui/form";
import { signIn, signInByPasskey } from "./actions";
import { begins, hasPasskeys } from "./ways";

const CodeForm = lazy(() => withTexts(import("./CodeForm")));

interface SignInFormProps {
  email?: string;
  /** Where to go afterwards, for those who sign in elsewhere. */
  next: string;
  /** Whether somebody without an account may be looking. */
  isForAll?: boolean;
  /** Before leaving to sign in elsewhere. */
  onLeave?: () => void;
}

/** All the ways to sign in that there are here. */
export function SignInForm({ email, next, isForAll = false, onLeave }: SignInFormProps) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const [typed, setTyped] = useState(email ?? "");
  const [proven, setProven] = useState<{ email: string; password: string } | null>(null);
  const { data: options } = useSignInOptionsQuery();
  const { problem, isBusy, onSubmit } = useForm(async ({ email: address = "", password = "" }) => {
    try {
      await dispatch(signIn(address, password));
    } catch (error) {
      if (!isProblem(error) || error.slug !== "second_factor_required") throw error;
      setProven({ email: address, password });
    }
  });
  const offersPasskeys = options?.passkeys === true && hasPasskeys();
  const [passkeyProblem, setPasskeyProblem] = useState<Problem | null>(null);
  const endQuietOffer = useQuietPasskey(offersPasskeys && !proven);
  if (proven) {
    return (
      <Suspense fallback={null}>
        <CodeForm {...proven} onBack={() => setProven(null)} />
      </Suspense>
    );
  }
  const usePasskey = () => {
    setPasskeyProblem(null);
    // A browser asks for one thing at a time.
    endQuietOffer();
    dispatch(signInByPasskey(null)).catch((error: unknown) => {
      if (!isProblem(error)) throw error;
      setPasskeyProblem(error);
    });
  };
  const providers = options?.sign_in_providers ?? [];
  return (
    <>
      <form onSubmit={onSubmit}>
        <FormProblem problem={problem} fields={["email", "password"]} />
        <Field
          label={t("session.email")}
          name="email"
          type="email"
          autoComplete="username webauthn"
          required
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
          autoFocus={!email}
          problem={problem}
        />
        <Field
          label={t("session.password")}
          name="password"
          type="password"
          autoComplete="current-password"
          required
          autoFocus={Boolean(email)}
          problem={problem}
        />
        <button type="submit" className="primary wide" aria-disabled={isBusy}>
          {t("session.signIn")}
        </button>
      </form>
      {(offersPasskeys || providers.length > 0) && (
        <div className="ways">
          {offersPasskeys && (
            <button type="button" className="wide" onClick={usePasskey}>
              <KeyRound aria-hidden size={17} />
              {t("session.withPasskey")}
            </button>
          )}
          {providers.map(({ name, label }) => (
            <a key={name} className="button wide" href={begins(name, next)} onClick={onLeave}>
              {t("session.with", { name: label })}
            </a>
          ))}
          <FormProblem problem={passkeyProblem} fields={[]} />
        </div>
      )}
      {isForAll && options && (options.password_reset || options.registration !== "closed") && (
        <p className="card-links">
          {options.password_reset && (
            <Link href="/forgot" state={{ email: typed }}>
              {t("session.forgot")}
            </Link>
          )}
          {options.registration !== "closed" && <Link href="/register">{t("session.register")}</Link>}
        </p>
      )}
    </>
  );
}

/** Offers passkeys among what the browser fills in, where it can; gives what ends that. */
function useQuietPasskey(isWanted: boolean): () => void {
  const dispatch = useAppDispatch();
  const offered = useRef<AbortController | null>(null);
  useEffect(() => {
    if (!isWanted) return;
    const controller = new AbortController();
    offered.current = controller;
    const offer = async () => {
      if (!(await PublicKeyCredential.isConditionalMediationAvailable?.()) || controller.signal.aborted) return;
      await dispatch(signInByPasskey(controller.signal));
    };
    // Nobody asked for it, so nobody is told that it does not work.
    offer().catch((error: unknown) => {
      if (!isProblem(error)) throw error;
    });
    return () => controller.abort();
  }, [dispatch, isWanted]);
  return () => offered.current?.abort();
}
