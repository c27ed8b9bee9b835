import { type BaseQueryFn, createApi } from "@reduxjs/toolkit/query/react";
import type { Annotation, Model, Page, Project, SignInOptions, Tag, Workspace } from "../contract";
import { sessionExpired } from "../session/slice";
import { type Problem, clientProblem, isProblem } from "./problem";
import { type Asked, at, request } from "./request";

/** Sends the request of an endpoint. A session that is over is noticed here, whoever asked. */
const baseQuery: BaseQueryFn<Asked, unknown, Problem> = async (asked, { signal, dispatch }) => {
  try {
    return { data: await request(asked.method === undefined ? { ...asked, signal } : asked) };
  } catch (error) {
    // Nobody waits for the answer any more.
    if (signal.aborted) return { error: clientProblem("unreachable", 0, "") };
    if (!isProblem(error)) throw error;
    if (error.status === 401) dispatch(sessionExpired());
    return { error };
  }
};

/** The most that is read of a list that is shown whole, in pages. */
const MOST_PAGES = 25;
type Ask = (asked: Asked) => { data?: unknown; error?: Problem } | PromiseLike<{ data?: unknown; error?: Problem }>;

/** A list that is shown whole, read page by page. */
export async function everyPage<T>(ask: Ask, path: string): Promise<{ data: T[] } | { error: Problem }> {
  const items: T[] = [];
  let after: string | undefined;
  for (let count = 0; count < MOST_PAGES; count += 1) {
    const { data, error } = await ask({ path, query: { limit: 200, after } });
    if (error) return { error };
    const page = data as Page<T>;
    items.push(...page.items);
    if (!page.next) break;
    after = page.next;
  }
  return { data: items };
}

/** Lists that are shown as the server gives them. Conversations and messages live normalised in slices of their own. */
export const api = createApi({
  reducerPath: "api",
  baseQuery,
  tagTypes: ["Account", "Annotation", "ApiKey", "Invitation", "Member", "Model", "Project", "Provider", "Share", "Tag", "User", "Workspace"],
  endpoints: (build) => ({
    models: build.query<Model[], void>({
      query: () => ({ path: at("/api/v1/models") }),
      transformResponse: (page: { items: Model[] }) => page.items,
      providesTags: ["Model"],
    }),
    signInOptions: build.query<SignInOptions, void>({
      query: () => ({ path: at("/api/v1/auth/options") }),
    }),
    workspaces: build.query<Workspace[], void>({
      query: () => ({ path: at("/api/v1/workspaces") }),
      transformResponse: (page: { items: Workspace[] }) => page.items,
      providesTags: ["Workspace"],
    }),
    projects: build.query<Project[], void>({
      queryFn: (_, __, ___, ask) => everyPage<Project>(ask, at("/api/v1/projects")),
      providesTags: ["Project"],
    }),
    tags: build.query<Tag[], void>({
      queryFn: (_, __, ___, ask) => everyPage<Tag>(ask, at("/api/v1/tags")),
      providesTags: ["Tag"],
    }),
    annotations: build.query<Annotation[], string>({
      queryFn: (id, _, __, ask) =>
        everyPage<Annotation>(ask, at("/api/v1/conversations/{conversation_id}/annotations", { conversation_id: id })),
      providesTags: ["Annotation"],
    }),
  }),
});

/** Gives the pages of a list one after the other. */
export const byPage = {
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page: Page<unknown>) => page.next ?? undefined,
};

export const {
  useAnnotationsQuery,
  useModelsQuery,
  useProjectsQuery,
  useSignInOptionsQuery,
  useTagsQuery,
  useWorkspacesQuery,
} = api;
