import { api } from "../api/api";
import { at } from "../api/request";
import type { CreatedShare, Share } from "../contract";

const of = (conversationId: string) =>
  at("/api/v1/conversations/{conversation_id}/shares", { conversation_id: conversationId });

const sharing = api.injectEndpoints({
  endpoints: (build) => ({
    shares: build.query<Share[], string>({
      query: (conversationId) => ({ path: of(conversationId) }),
      transformResponse: (page: { items: Share[] }) => page.items,
      providesTags: ["Share"],
    }),
    createShare: build.mutation<CreatedShare, { conversationId: string; kind: Share["kind"]; expiresAt: string | undefined }>({
      query: ({ conversationId, kind, expiresAt }) => ({
        method: "POST",
        path: of(conversationId),
        body: { kind, expires_at: expiresAt },
      }),
      invalidatesTags: (_, error) => (error ? [] : ["Share"]),
    }),
    revokeShare: build.mutation<null, string>({
      query: (id) => ({ method: "DELETE", path: at("/api/v1/shares/{share_id}", { share_id: id }) }),
      invalidatesTags: ["Share"],
    }),
  }),
});

export const { useSharesQuery, useCreateShareMutation, useRevokeShareMutation } = sharing;
