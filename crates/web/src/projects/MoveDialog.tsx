import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useProjectsQuery } from "../api/api";
import { updateConversation, updateConversations } from "../conversations/actions";
import { useAppDispatch, useAppSelector } from "../store/store";
import { Choice } from "../ui/Choice";
import { Dialog, DialogFoot } from "../ui/Dialog";

/** Puts conversations into a project, or takes them out of one. */
export default function MoveDialog({ ids, onClose }: { ids: string[]; onClose: () => void }) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const { data: projects = [] } = useProjectsQuery();
  const present = useAppSelector((state) => (ids[0] ? state.conversations.entities[ids[0]]?.project_id : null) ?? "");
  const [chosen, setChosen] = useState<string>(present);
  const options = [["", t("projects.nowhere")] as const, ...projects.filter(({ access }) => access !== "read").map(({ id, name }) => [id, name] as const)];
  const move = async () => {
    onClose();
    const changes = { project_id: chosen === "" ? null : chosen };
    await (ids.length === 1 && ids[0] ? dispatch(updateConversation(ids[0], changes)) : dispatch(updateConversations(ids, changes)));
  };
  return (
    <Dialog title={t("projects.move")} onClose={onClose} className="narrow">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void move();
        }}
      >
        <Choice label={t("projects.one")} options={options} value={chosen} onChoose={setChosen} hint={t("projects.moveHint")} autoFocus />
        <DialogFoot action={t("projects.moveAction")} onClose={onClose} />
      </form>
    </Dialog>
  );
}
