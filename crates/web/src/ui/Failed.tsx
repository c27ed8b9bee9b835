import { isProblem } from "../api/problem";
import { ProblemText } from "./ProblemText";

/** Why a list is not there, if it is not. */
export function Failed({ error }: { error: unknown }) {
  if (!isProblem(error)) return null;
  return (
    <p className="error" role="alert">
      <ProblemText problem={error} />
    </p>
  );
}
