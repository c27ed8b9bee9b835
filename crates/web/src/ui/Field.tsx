import { type InputHTMLAttributes, useId } from "react";
import type { Problem } from "../api/problem";
import { useProblemWords } from "../i18n/problems";

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  name: string;
  hint?: string;
  problem?: Problem | null;
}

/** An input with its label, its hint, and what the server found wrong with it. */
export function Field({ label, name, hint, problem, ...input }: FieldProps) {
  const id = useId();
  const error = problem?.errors.find(({ pointer }) => pointer === `/${name}`);
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input {...input} id={id} name={name} aria-invalid={error ? true : undefined} aria-describedby={described || undefined} />
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p className="error" id={`${id}-error`}>
          <FieldError error={error} />
        </p>
      )}
    </div>
  );
}

function FieldError({ error }: { error: Problem["errors"][number] }) {
  return useProblemWords().ofField(error);
}

/** Whether a problem is told at the fields of a form, so that nothing more needs to be said above them. */
export function isOfFields(problem: Problem, names: string[]): boolean {
  return problem.errors.length > 0 && problem.errors.every(({ pointer }) => names.includes(pointer.slice(1)));
}
