import type { ProblemBody } from "../contract";

/** What went wrong, as the server tells it, or as the client found out itself (`status` 0: no answer came). */
export interface Problem {
  slug: string;
  status: number;
  title: string;
  detail: string;
  errors: { pointer: string; code: string; detail: string }[];
  traceId: string | null;
  retryAfter: number | null;
}

export function problemOf(body: ProblemBody, retryAfter: number | null = null): Problem {
  return {
    slug: body.type.split("/").pop() ?? "unknown",
    status: body.status,
    title: body.title,
    detail: body.detail,
    errors: body.errors ?? [],
    traceId: body.trace_id,
    retryAfter,
  };
}

export function clientProblem(slug: string, status: number, detail: string): Problem {
  return { slug, status, title: "", detail, errors: [], traceId: null, retryAfter: null };
}

/** Whether the same request may work later: nothing was refused for what it says. */
export function isPassing(problem: Problem): boolean {
  return problem.status === 0 || problem.status === 401 || problem.status === 429 || problem.status >= 500;
}

export function isProblem(error: unknown): error is Problem {
  return typeof error === "object" && error !== null && "slug" in error && "status" in error;
}
