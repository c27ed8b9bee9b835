import { KeyRound } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { useSignInOptionsQuery } from "../api/api";
import { type Problem, isProblem } from "../api/problem";
import { useAppDispatch } from "../store/store";
import { Field, isOfFields } from "../ui/Field";
import { ProblemText } from "../ui/ProblemText";
import { useForm } from "../ui/form";
import { signIn, signInByPasskey } from "./actions";
import { begins, hasPasskeys } from "./ways";

interface SignInFormProps {
  email?: string;
  /** Where to go afterwards, for those who sign in elsewhere. */
  next: string;
  /** Whether somebody without an account may be looking. */
  isForAll?: boolean;
}

/** All the ways to sign in that there are here. */
export function SignInForm({ email, next, isForAll = false }: SignInFormProps) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
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
  if (proven) return <CodeForm {...proven} onBack={() => setProven(null)} />;
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
          defaultValue={email}
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
            <a key={name} className="button wide" href={begins(name, next)}>
              {t("session.with", { name: label })}
            </a>
          ))}
          <FormProblem problem={passkeyProblem} fields={[]} />
        </div>
      )}
      {isForAll && options && (options.password_reset || options.registration !== "closed") && (
        <p className="card-links">
          {options.password_reset && <Link href="/forgot">{t("session.forgot")}</Link>}
          {options.registration !== "closed" && <Link href="/register">{t("session.register")}</Link>}
        </p>
      )}
    </>
  );
}

/** What is wrong with a form as a whole. */
export function FormProblem({ problem, fields, children }: { problem: Problem | null; fields: string[]; children?: ReactNode }) {
  if (!problem || isOfFields(problem, fields)) return null;
  return (
    <p className="error" role="alert">
      <ProblemText problem={problem} /> {children}
    </p>
  );
}

/** The second step: what a device shows, or one of the codes that were kept for when it is lost. */
function CodeForm({ email, password, onBack }: { email: string; password: string; onBack: () => void }) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const [isRecovery, setRecovery] = useState(false);
  const { problem, isBusy, onSubmit } = useForm(({ code = "" }) => dispatch(signIn(email, password, code.trim())));
  // The server does not tell which of the three was wrong; the other two were right a moment ago.
  const isWrong = problem?.slug === "wrong_credentials";
  return (
    <form onSubmit={onSubmit}>
      <p>{isRecovery ? t("session.recoveryDetail") : t("session.codeDetail")}</p>
      {isWrong ? (
        <p className="error" role="alert">
          {t("session.wrongCode")}
        </p>
      ) : (
        <FormProblem problem={problem} fields={["code"]} />
      )}
      <Field
        key={isRecovery ? "recovery" : "device"}
        label={isRecovery ? t("session.recoveryCode") : t("session.code")}
        name="code"
        required
        autoFocus
        autoComplete={isRecovery ? "off" : "one-time-code"}
        inputMode={isRecovery ? "text" : "numeric"}
        autoCapitalize="none"
        spellCheck={false}
        maxLength={64}
        problem={problem}
      />
      <button type="submit" className="primary wide" aria-disabled={isBusy}>
        {t("session.signIn")}
      </button>
      <p className="card-links">
        <button type="button" className="link" onClick={() => setRecovery(!isRecovery)}>
          {isRecovery ? t("session.useCode") : t("session.useRecovery")}
        </button>
        <button type="button" className="link" onClick={onBack}>
          {t("session.back")}
        </button>
      </p>
    </form>
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
