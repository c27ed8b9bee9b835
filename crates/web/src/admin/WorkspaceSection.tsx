import { useTranslation } from "react-i18next";
import { useWorkspacesQuery } from "../api/api";
import type { Workspace } from "../contract";
import { switchWorkspace } from "../session/actions";
import { useAppDispatch, useAppSelector } from "../store/store";
import { Failed } from "../ui/Failed";
import { Field } from "../ui/Field";
import { FormProblem } from "../ui/FormProblem";
import { Saved } from "../ui/Saved";
import { useForm } from "../ui/form";
import { Invitations } from "./Invitations";
import { Members } from "./Members";
import { useCreateWorkspaceMutation, useRenameWorkspaceMutation } from "./api";

/** The workspace that one looks at: its name, who belongs to it, who is invited. */
export function WorkspaceSection() {
  const id = useAppSelector((state) => state.session.me?.workspace_id);
  const { data: workspaces = [], error } = useWorkspacesQuery();
  const workspace = workspaces.find((one) => one.id === id);
  return (
    <>
      <Failed error={error} />
      {workspace && (
        <>
          <Name workspace={workspace} />
          <Members workspaceId={workspace.id} />
          <Invitations workspaceId={workspace.id} />
          <Found />
        </>
      )}
    </>
  );
}

function Name({ workspace }: { workspace: Workspace }) {
  const { t } = useTranslation();
  const [rename, renamed] = useRenameWorkspaceMutation();
  const { problem, isBusy, onSubmit } = useForm(async ({ name = "" }) => {
    await rename({ workspace, name }).unwrap();
  });
  return (
    <>
      <form className="inline-form" onSubmit={onSubmit}>
        <Field
          key={workspace.version}
          label={t("workspace.name")}
          name="name"
          required
          maxLength={100}
          dir="auto"
          autoComplete="off"
          defaultValue={workspace.name}
          problem={problem}
        />
        <button type="submit" aria-disabled={isBusy}>
          {t("app.save")}
        </button>
        <FormProblem problem={problem} fields={["name"]} />
      </form>
      <Saved>{renamed.isSuccess && t("account.saved")}</Saved>
    </>
  );
}

/** Founds another workspace and goes there. */
function Found() {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const [create] = useCreateWorkspaceMutation();
  const { problem, isBusy, onSubmit } = useForm(async ({ name = "" }) => {
    const { id } = await create(name).unwrap();
    await dispatch(switchWorkspace(id));
  });
  return (
    <div className="part">
      <h2>{t("workspace.another")}</h2>
      <p>{t("workspace.anotherDetail")}</p>
      <form className="inline-form" onSubmit={onSubmit}>
        <Field label={t("workspace.name")} name="name" required maxLength={100} dir="auto" autoComplete="off" problem={problem} />
        <button type="submit" aria-disabled={isBusy}>
          {t("workspace.found")}
        </button>
        <FormProblem problem={problem} fields={["name"]} />
      </form>
    </div>
  );
}
