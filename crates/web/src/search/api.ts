import { api, byPage } from "../api/api";
import { at } from "../api/request";
import type { Conversation, Page, SearchHit } from "../contract";
import type { Meaning } from "./query";

export type Order = "newest" | "best";

/** Looking for messages and for conversations. Loaded with the page of the search. */
const searching = api.injectEndpoints({
  endpoints: (build) => ({
    search: build.infiniteQuery<Page<SearchHit>, { q: string; order: Order } & Meaning["messages"], string | undefined>({
      infiniteQueryOptions: byPage,
      query: ({ queryArg, pageParam }) => ({ path: at("/api/v1/search"), query: { ...queryArg, limit: 30, after: pageParam } }),
      // What was said meanwhile is found too.
      keepUnusedDataFor: 0,
    }),
    conversationsFound: build.infiniteQuery<Page<Conversation>, Meaning["conversations"], string | undefined>({
      infiniteQueryOptions: byPage,
      query: ({ queryArg, pageParam }) => ({ path: at("/api/v1/conversations"), query: { ...queryArg, limit: 30, after: pageParam } }),
      keepUnusedDataFor: 0,
    }),
  }),
});

export const { useSearchInfiniteQuery, useConversationsFoundInfiniteQuery } = searching;
