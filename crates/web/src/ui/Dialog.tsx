import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { useTranslation } from "react-i18next";

interface DialogProps {
  title: string;
  children: ReactNode;
  /** Absent: the dialog stays until what it asks for is done. */
  onClose?: () => void;
  className?: string;
}

/** A modal dialog. The browser keeps the focus inside, closes it with Escape and gives the focus back afterwards. */
export function Dialog({ title, children, onClose, className = "" }: DialogProps) {
  const { t } = useTranslation();
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className={`dialog ${className}`}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose?.();
      }}
    >
      <div className="dialog-body">
        <header>
          <h2 id={titleId}>{title}</h2>
          {onClose && (
            <button type="button" className="icon" title={t("app.close")} onClick={onClose}>
              <X aria-hidden size={18} />
              <span className="hidden">{t("app.close")}</span>
            </button>
          )}
        </header>
        {children}
      </div>
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  detail: string;
  action: string;
  onConfirm: () => void;
  onClose: () => void;
}

interface DialogFootProps {
  /** What sending the form does, in words. */
  action: string;
  isBusy?: boolean;
  isDangerous?: boolean;
  onClose: () => void;
}

/** The end of a form in a dialog: leaving it, or sending it. */
export function DialogFoot({ action, isBusy = false, isDangerous = false, onClose }: DialogFootProps) {
  const { t } = useTranslation();
  return (
    <footer>
      <button type="button" onClick={onClose}>
        {t("app.cancel")}
      </button>
      <button type="submit" className={isDangerous ? "danger" : "primary"} aria-disabled={isBusy}>
        {action}
      </button>
    </footer>
  );
}

/** Asks before something is gone for good. */
export function Confirm({ title, detail, action, onConfirm, onClose }: ConfirmProps) {
  const { t } = useTranslation();
  return (
    <Dialog title={title} onClose={onClose} className="narrow">
      <p>{detail}</p>
      <footer>
        <button type="button" onClick={onClose}>
          {t("app.cancel")}
        </button>
        <button
          type="button"
          className="danger"
          autoFocus
          onClick={() => {
            onClose();
            onConfirm();
          }}
        >
          {action}
        </button>
      </footer>
    </Dialog>
  );
}
