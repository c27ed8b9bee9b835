import type { ReactNode } from "react";
import type { Problem } from "../api/problem";
import { FormProblem } from "../ui/FormProblem";
import { useForm } from "../ui/form";
import { Card } from "./Card";

interface FormCardProps {
  title: string;
  detail?: string | undefined;
  action: string;
  /** The names of its fields, which tell their own problems. */
  fields: string[];
  work: (fields: Record<string, string>) => Promise<void>;
  children: (problem: Problem | null) => ReactNode;
  /** What stands below the form. */
  foot?: ReactNode;
}

/** A page with one form. */
export function FormCard({ title, detail, action, fields, work, children, foot }: FormCardProps) {
  const { problem, isBusy, onSubmit } = useForm(work);
  return (
    <Card title={title}>
      {detail && <p className="quiet">{detail}</p>}
      <form onSubmit={onSubmit}>
        <FormProblem problem={problem} fields={fields} />
        {children(problem)}
        <button type="submit" className="primary wide" aria-disabled={isBusy}>
          {action}
        </button>
      </form>
      {foot && <p className="card-links">{foot}</p>}
    </Card>
  );
}
