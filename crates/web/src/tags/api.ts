import { api } from "../api/api";
import { at } from "../api/request";
import type { Tag, TagColor } from "../contract";

const one = (id: string) => at("/api/v1/tags/{tag_id}", { tag_id: id });

/** Changing tags: without versions, because they are one person's, whose last word counts. Loaded when somebody does; the list of them is there from the beginning. */
const tags = api.injectEndpoints({
  endpoints: (build) => ({
    createTag: build.mutation<Tag, { name: string; color?: TagColor }>({
      query: (body) => ({ method: "POST", path: at("/api/v1/tags"), body }),
      async onQueryStarted(_, { dispatch, queryFulfilled }) {
        const made = await queryFulfilled.catch(() => null);
        if (made) dispatch(api.util.updateQueryData("tags", undefined, (draft) => [...draft.filter(({ id }) => id !== made.data.id), made.data]));
      },
    }),
    updateTag: build.mutation<Tag, { tag: Tag; changes: { name?: string; color?: TagColor } }>({
      query: ({ tag, changes }) => ({ method: "PATCH", path: one(tag.id), body: changes }),
      async onQueryStarted({ tag, changes }, { dispatch, queryFulfilled }) {
        const put = (next: Partial<Tag>) =>
          dispatch(api.util.updateQueryData("tags", undefined, (draft) => draft.map((other) => (other.id === tag.id ? { ...other, ...next } : other))));
        put(changes);
        const changed = await queryFulfilled.catch(() => null);
        if (changed) put(changed.data);
        else dispatch(api.util.invalidateTags(["Tag"]));
      },
    }),
    deleteTag: build.mutation<null, Tag>({
      query: ({ id }) => ({ method: "DELETE", path: one(id) }),
      async onQueryStarted(tag, { dispatch, queryFulfilled }) {
        const patch = dispatch(api.util.updateQueryData("tags", undefined, (draft) => draft.filter(({ id }) => id !== tag.id)));
        await queryFulfilled.catch(() => {
          patch.undo();
          dispatch(api.util.invalidateTags(["Tag"]));
        });
      },
    }),
  }),
});

export const { useCreateTagMutation, useUpdateTagMutation, useDeleteTagMutation } = tags;
