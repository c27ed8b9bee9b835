import { api, byPage } from "../api/api";
import { at } from "../api/request";
import type {
  ApiKey,
  CreateApiKey,
  CreatedApiKey,
  ExternalIdentity,
  Page,
  Passkey,
  Session,
  Totp,
} from "../contract";

/** What the settings show and change. Loaded with them. */
const account = api.injectEndpoints({
  endpoints: (build) => ({
    apiKeys: build.infiniteQuery<Page<ApiKey>, void, string | undefined>({
      infiniteQueryOptions: byPage,
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
        const patch = dispatch(account.util.updateQueryData("apiKeys", undefined, (draft) => keep(draft.pages, (one) => one.id !== id)));
        await queryFulfilled.catch(patch.undo);
      },
    }),
    sessions: build.infiniteQuery<Page<Session>, void, string | undefined>({
      infiniteQueryOptions: byPage,
      query: ({ pageParam }) => ({ path: at("/api/v1/me/sessions"), query: { after: pageParam } }),
      // Others come and go elsewhere.
      keepUnusedDataFor: 0,
    }),
    revokeSession: build.mutation<null, string>({
      query: (id) => ({ method: "DELETE", path: at("/api/v1/me/sessions/{session_id}", { session_id: id }) }),
      async onQueryStarted(id, { dispatch, queryFulfilled }) {
        const patch = dispatch(account.util.updateQueryData("sessions", undefined, (draft) => keep(draft.pages, (one) => one.id !== id)));
        await queryFulfilled.catch(patch.undo);
      },
    }),
    revokeOtherSessions: build.mutation<null, void>({
      query: () => ({ method: "DELETE", path: at("/api/v1/me/sessions") }),
      async onQueryStarted(_, { dispatch, queryFulfilled }) {
        const patch = dispatch(account.util.updateQueryData("sessions", undefined, (draft) => keep(draft.pages, (one) => one.current)));
        await queryFulfilled.catch(patch.undo);
      },
    }),
    leaveWorkspace: build.mutation<null, string>({
      query: (id) => ({ method: "POST", path: at("/api/v1/workspaces/{workspace_id}/leave", { workspace_id: id }) }),
    }),
    totp: build.query<Totp, void>({
      query: () => ({ path: at("/api/v1/me/totp") }),
      providesTags: ["Account"],
      keepUnusedDataFor: 0,
    }),
    passkeys: build.query<Passkey[], void>({
      query: () => ({ path: at("/api/v1/me/passkeys") }),
      transformResponse: (page: { items: Passkey[] }) => page.items,
      providesTags: ["Account"],
      keepUnusedDataFor: 0,
    }),
    externalIdentities: build.query<ExternalIdentity[], void>({
      query: () => ({ path: at("/api/v1/me/external-identities") }),
      transformResponse: (page: { items: ExternalIdentity[] }) => page.items,
      providesTags: ["Account"],
      keepUnusedDataFor: 0,
    }),
  }),
});

function keep<Item>(pages: Page<Item>[], wanted: (item: Item) => boolean): void {
  for (const page of pages) page.items = page.items.filter(wanted);
}

export const {
  useApiKeysInfiniteQuery,
  useCreateApiKeyMutation,
  useRevokeApiKeyMutation,
  useSessionsInfiniteQuery,
  useRevokeSessionMutation,
  useRevokeOtherSessionsMutation,
  useLeaveWorkspaceMutation,
  useTotpQuery,
  usePasskeysQuery,
  useExternalIdentitiesQuery,
} = account;
