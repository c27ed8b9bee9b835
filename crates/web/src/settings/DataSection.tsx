import { useState } from "react";
import { useTranslation } from "react-i18next";
import { at, request } from "../api/request";
import { left } from "../session/actions";
import { useAppDispatch, useAppSelector } from "../store/store";
import { Field } from "../ui/Field";
import { Proof } from "./Proof";

/** What the person can take along, and the way out. */
export function DataSection() {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const email = useAppSelector((state) => state.session.me?.email ?? "");
  const [asks, setAsks] = useState(false);
  const [typed, setTyped] = useState("");
  const [isUnlike, setUnlike] = useState(false);
  const copyLink = (
    <a className="button" href={at("/api/v1/me/export")} download="colloquy.json">
      {t("data.export")}
    </a>
  );
  return (
    <>
      <div className="part">
        <h2>{t("data.exportTitle")}</h2>
        <p>{t("data.exportDetail")}</p>
        {copyLink}
      </div>
      <div className="part">
        <h2>{t("data.deleteTitle")}</h2>
        <p>{t("data.deleteIntro")}</p>
        <button type="button" className="danger" onClick={() => setAsks(true)}>
          {t("data.delete")}
        </button>
      </div>
      {asks && (
        <Proof
          title={t("data.deleteTitle")}
          detail={t("data.deleteDetail")}
          action={t("data.delete")}
          isDangerous
          names={["confirmation"]}
          fields={(problem) => (
            <>
              <p>{copyLink}</p>
              <Field
                label={t("data.confirm", { email })}
                name="confirmation"
                required
                autoComplete="off"
                autoCapitalize="none"
                spellCheck={false}
                value={typed}
                onChange={(event) => setTyped(event.target.value)}
                problem={problem}
              />
              {isUnlike && (
                <p className="error" role="alert">
                  {t("data.unlike")}
                </p>
              )}
            </>
          )}
          onClose={() => setAsks(false)}
          work={async ({ current_password }) => {
            const isMeant = isSameAddress(typed, email);
            setUnlike(!isMeant);
            if (!isMeant) return;
            await request({ method: "DELETE", path: at("/api/v1/me"), body: { current_password } });
            dispatch(left("/login#account=deleted"));
          }}
        />
      )}
    </>
  );
}

/** Whether somebody typed their own address. */
export function isSameAddress(typed: string, email: string): boolean {
  return typed.trim().toLowerCase() === email.toLowerCase();
}
