import { nanoid } from "@reduxjs/toolkit";
import { api } from "../api/api";
import { at } from "../api/request";
import type { Annotation, Message } from "../contract";
import type { Dispatch } from "../store/store";

type Rating = NonNullable<Annotation["rating"]>;

/** What an annotation says: a judgement and perhaps why, or a remark. */
export type Said = { kind: "rating"; rating: Rating; note?: string } | { kind: "note"; note: string };

interface Wanted {
  message: Message;
  said: Said;
}

interface Change {
  annotation: Annotation;
  changes: { rating?: Rating; note?: string | null };
}

const one = (id: string) => at("/api/v1/annotations/{annotation_id}", { annotation_id: id });

/** Changing annotations: shown at once, and taken back where the server refuses. Loaded with what shows them. */
const annotations = api.injectEndpoints({
  endpoints: (build) => ({
    annotate: build.mutation<Annotation, Wanted>({
      query: ({ message, said }) => ({
        method: "POST",
        path: at("/api/v1/messages/{message_id}/annotations", { message_id: message.id }),
        body: said,
        idempotencyKey: nanoid(),
      }),
      async onQueryStarted({ message, said }, { dispatch, queryFulfilled }) {
        const { id: message_id, conversation_id, created_at } = message;
        const shown: Annotation = { id: nanoid(), conversation_id, message_id, rating: null, note: null, ...said, version: 0, created_at, updated_at: created_at };
        replace(dispatch, shown, shown);
        const made = await queryFulfilled.catch(() => null);
        replace(dispatch, shown, made?.data ?? null);
      },
    }),
    updateAnnotation: build.mutation<Annotation, Change>({
      query: ({ annotation, changes }) => ({ method: "PATCH", path: one(annotation.id), version: annotation.version, body: changes }),
      async onQueryStarted({ annotation, changes }, { dispatch, queryFulfilled }) {
        replace(dispatch, annotation, { ...annotation, ...changes });
        const changed = await queryFulfilled.catch(() => null);
        replace(dispatch, annotation, changed?.data ?? annotation);
      },
    }),
    deleteAnnotation: build.mutation<null, Annotation>({
      query: ({ id, version }) => ({ method: "DELETE", path: one(id), version }),
      async onQueryStarted(annotation, { dispatch, queryFulfilled }) {
        replace(dispatch, annotation, null);
        await queryFulfilled.catch(() => replace(dispatch, annotation, annotation));
      },
    }),
  }),
});

/** Puts an annotation into the place of another, or leaves it empty. */
function replace(dispatch: Dispatch, before: Annotation, after: Annotation | null): void {
  const { conversation_id: conversationId, id } = before;
  dispatch(
    api.util.updateQueryData("annotations", conversationId, (draft) => {
      const others = draft.filter((other) => other.id !== id && other.id !== after?.id);
      return after ? [...others, after] : others;
    }),
  );
}

export const { useAnnotateMutation, useUpdateAnnotationMutation, useDeleteAnnotationMutation } = annotations;
