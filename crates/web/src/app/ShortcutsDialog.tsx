import { useTranslation } from "react-i18next";
import { Dialog } from "../ui/Dialog";
import { isMac } from "./shortcuts";

const control = isMac ? "⌘" : "Ctrl";
const shift = isMac ? "⇧" : "Shift";

const KEYS = [
  ["shortcuts.search", [control, "K"]],
  ["shortcuts.new", [control, shift, "O"]],
  ["shortcuts.sidebar", [control, shift, "S"]],
  ["shortcuts.help", [control, "/"]],
  ["shortcuts.send", ["Enter"]],
  ["shortcuts.newline", [shift, "Enter"]],
  ["shortcuts.stop", ["Esc"]],
  ["shortcuts.editLast", ["↑"]],
  ["shortcuts.list", ["↑", "↓"]],
  ["shortcuts.rename", ["F2"]],
] as const;

export default function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog title={t("nav.shortcuts")} onClose={onClose} className="narrow">
      <dl className="shortcuts">
        {KEYS.map(([name, keys]) => (
          <div key={name}>
            <dt>{t(name)}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
