import { type BaseQueryFn, createApi } from "@reduxjs/toolkit/query/react";
import type { ApiKey, CreateApiKey, CreatedApiKey, CreateUser, Model, Page, SearchHit, User } from "../contract";
import { sessionExpired } from "../session/slice";
import { type Problem, isProblem } from "./problem";
import { type Asked, at, request } from "./request";

/** Sends the request of an endpoint. A session that is over is noticed here, whoever asked. */
const baseQuery: BaseQueryFn<Asked, unknown, Problem> = async (asked, { signal, dispatch }) => {
  try {
    return { data: await request(asked.method === undefined ? { ...asked, signal } : asked) };
  } catch (error) {
    if (!isProblem(error)) throw error;
    if (error.status === 401) dispatch(sessionExpired());
    return { error };
  }
};

/** Lists that are shown as the server gives them. Conversations and messages live normalised in slices of their own. */
export const api = createApi({
  reducerPath: "api",
  baseQuery,
  tagTypes: ["ApiKey", "Model", "User"],
  endpoints: (build) => ({
    models: build.query<Model[], void>({
      query: () => ({ path: at("/api/v1/models") }),
      transformResponse: (page: { items: Model[] }) => page.items,
      providesTags: ["Model"],
    }),
    search: build.infiniteQuery<Page<SearchHit>, { q: string; order: "newest" | "best" }, string | undefined>({
      infiniteQueryOptions: { initialPageParam: undefined, getNextPageParam: (page) => page.next ?? undefined },
      query: ({ queryArg: { q, order }, pageParam }) => ({
        path: at("/api/v1/search"),
        query: { q, order, limit: 30, after: pageParam },
      }),
      // What was said meanwhile is found too.
      keepUnusedDataFor: 0,
    }),
    apiKeys: build.infiniteQuery<Page<ApiKey>, void, string | undefined>({
      infiniteQueryOptions: { initialPageParam: undefined, getNextPageParam: (page) => page.next ?? undefined },
      query: ({ pageParam }) => ({ path: at("/api/v1/api-keys"), query: { after: pageParam } }),
      providesTags: ["ApiKey"],
    }),
    createApiKey: build.mutation<CreatedApiKey, CreateApiKey>({
      query: (body) => ({ method: "POST", path: at("/api/v1/api-keys"), body }),
      invalidatesTags: (_, error) => (error ? [] : ["ApiKey"]),
    }),
    revokeApiKey: build.mutation<null, string>({
      query: (id) => ({ method: "DELETE", path: at("/api/v1/api-keys/{api_key_id}", { api_key_id: id }) }),
      async onQueryStarted(id, { dispatch, queryFulfilled }) {
        const patch = dispatch(
          api.util.updateQueryData("apiKeys", undefined, (draft) => {
            for (const page of draft.pages) page.items = page.items.filter((key) => key.id !== id);
          }),
        );
        await queryFulfilled.catch(patch.undo);
      },
    }),
    users: build.infiniteQuery<Page<User>, void, string | undefined>({
      infiniteQueryOptions: { initialPageParam: undefined, getNextPageParam: (page) => page.next ?? undefined },
      query: ({ pageParam }) => ({ path: at("/api/v1/users"), query: { after: pageParam } }),
      providesTags: ["User"],
    }),
    createUser: build.mutation<User, CreateUser>({
      query: (body) => ({ method: "POST", path: at("/api/v1/users"), body }),
      invalidatesTags: (_, error) => (error ? [] : ["User"]),
    }),
  }),
});

export const {
  useModelsQuery,
  useApiKeysInfiniteQuery,
  useSearchInfiniteQuery,
  useCreateApiKeyMutation,
  useRevokeApiKeyMutation,
  useUsersInfiniteQuery,
  useCreateUserMutation,
} = api;
