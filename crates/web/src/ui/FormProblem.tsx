import type { ReactNode } from "react";
import type { Problem } from "../api/problem";
import { isOfFields } from "./Field";
import { ProblemText } from "./ProblemText";

/** What is wrong with a form as a whole. */
export function FormProblem({ problem, fields, children }: { problem: Problem | null; fields: string[]; children?: ReactNode }) {
  if (!problem || isOfFields(problem, fields)) return null;
  return (
    <p className="error" role="alert">
      <ProblemText problem={problem} /> {children}
    </p>
  );
}
