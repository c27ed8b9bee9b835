import { useId } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import type { Project } from "../contract";
import { Dialog, DialogFoot } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { FormProblem } from "../ui/FormProblem";
import { useForm } from "../ui/form";
import { useCreateProjectMutation, useUpdateProjectMutation } from "./api";

/** Makes a project, or changes what it is called and about. */
export default function ProjectDialog({ project, onClose }: { project: Project | null; onClose: () => void }) {
  const { t } = useTranslation();
  const id = useId();
  const [, navigate] = useLocation();
  const [create] = useCreateProjectMutation();
  const [update] = useUpdateProjectMutation();
  const { problem, isBusy, onSubmit } = useForm(async ({ name = "", description = "" }) => {
    const about = description.trim();
    if (project) {
      await update({ project, name, description: about === "" ? null : about }).unwrap();
    } else {
      const made = await create({ name, description: about === "" ? undefined : about }).unwrap();
      navigate(`/projects/${made.id}`);
    }
    onClose();
  });
  return (
    <Dialog title={project ? t("projects.edit") : t("projects.new")} onClose={onClose} className="narrow">
      {!project && <p className="quiet">{t("projects.newDetail")}</p>}
      <form onSubmit={onSubmit}>
        <FormProblem problem={problem} fields={["name"]} />
        <Field
          label={t("settings.name")}
          name="name"
          required
          autoFocus
          maxLength={120}
          dir="auto"
          autoComplete="off"
          defaultValue={project?.name}
          problem={problem}
        />
        <div className="field">
          <label htmlFor={id}>{t("projects.description")}</label>
          <textarea id={id} name="description" rows={3} dir="auto" maxLength={4000} defaultValue={project?.description ?? ""} />
        </div>
        <DialogFoot action={project ? t("app.save") : t("projects.create")} isBusy={isBusy} onClose={onClose} />
      </form>
    </Dialog>
  );
}
