import type { Path, ProblemBody } from "../contract";
import { clientProblem, problemOf } from "./problem";

export interface Asked {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  /** Further headers. */
  headers?: Record<string, string>;
  /** Names this attempt: repeating it with the same key happens once. */
  idempotencyKey?: string;
  /** The version that the change was made from. */
  version?: number;
  signal?: AbortSignal;
  /** How long to wait for an answer, in milliseconds; otherwise as long as the browser does. */
  patience?: number;
}

/** An address of the contract with its parameters filled in. */
export function at(path: Path, parameters: Record<string, string> = {}): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ""));
}

let csrfToken: string | null = null;

export function setCsrfToken(token: string | null): void {
  csrfToken = token;
}

/** Sends a request and gives what the server answers; throws a `Problem`. */
export async function request<T>(asked: Asked): Promise<T> {
  const headers = new Headers({ Accept: "application/json", ...asked.headers });
  const method = asked.method ?? "GET";
  if (asked.body !== undefined) headers.set("Content-Type", "application/json");
  if (method !== "GET" && csrfToken) headers.set("X-CSRF-Token", csrfToken);
  if (asked.idempotencyKey) headers.set("Idempotency-Key", asked.idempotencyKey);
  if (asked.version !== undefined) headers.set("If-Match", `"${asked.version}"`);
  const body = asked.body === undefined ? null : JSON.stringify(asked.body);
  const signal = asked.patience === undefined ? (asked.signal ?? null) : AbortSignal.timeout(asked.patience);
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(asked.path + queryString(asked.query), { method, headers, body, signal });
    text = await answer.text();
  } catch (error) {
    if (asked.signal?.aborted) throw error;
    throw clientProblem("unreachable", 0, "");
  }
  const json = (): unknown => {
    try {
      return text === "" ? null : JSON.parse(text);
    } catch {
      throw clientProblem("garbled", answer.status, "");
    }
  };
  if (answer.ok) return json() as T;
  const isProblem = answer.headers.get("Content-Type")?.includes("problem+json") ?? false;
  if (!isProblem) throw clientProblem("garbled", answer.status, "");
  const retryAfter = Number(answer.headers.get("Retry-After"));
  throw problemOf(json() as ProblemBody, Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null);
}

function queryString(query: Asked["query"] = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  if (given.length === 0) return "";
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}
