import { api, byPage, everyPage } from "../api/api";
import { at } from "../api/request";
import type { Access, Conversation, Member, Page, Project, ProjectMember } from "../contract";

const one = (id: string) => at("/api/v1/projects/{project_id}", { project_id: id });
const member = (projectId: string, userId: string) =>
  at("/api/v1/projects/{project_id}/members/{user_id}", { project_id: projectId, user_id: userId });

/** Projects and who sees them. Loaded with their pages; the list of them is there from the beginning. */
const projects = api.injectEndpoints({
  endpoints: (build) => ({
    project: build.query<Project, string>({
      query: (id) => ({ path: one(id) }),
      providesTags: ["Project"],
    }),
    createProject: build.mutation<Project, { name: string; description?: string | undefined }>({
      query: (body) => ({ method: "POST", path: at("/api/v1/projects"), body }),
      invalidatesTags: (_, error) => (error ? [] : ["Project"]),
    }),
    updateProject: build.mutation<Project, { project: Project; name: string; description: string | null }>({
      query: ({ project, ...body }) => ({ method: "PATCH", path: one(project.id), version: project.version, body }),
      invalidatesTags: (_, error) => (error ? [] : ["Project"]),
    }),
    deleteProject: build.mutation<null, Project>({
      query: ({ id, version }) => ({ method: "DELETE", path: one(id), version }),
      invalidatesTags: (_, error) => (error ? [] : ["Project"]),
    }),
    projectConversations: build.infiniteQuery<Page<Conversation>, { project: string; q: string }, string | undefined>({
      infiniteQueryOptions: byPage,
      query: ({ queryArg: { project, q }, pageParam }) => ({
        path: at("/api/v1/conversations"),
        query: { project, q: q || undefined, after: pageParam, limit: 50 },
      }),
      // Others go on in it.
      keepUnusedDataFor: 0,
    }),
    projectMembers: build.query<ProjectMember[], string>({
      queryFn: (id, _, __, ask) => everyPage<ProjectMember>(ask, at("/api/v1/projects/{project_id}/members", { project_id: id })),
      providesTags: ["Project"],
    }),
    colleagues: build.query<Member[], string>({
      queryFn: (id, _, __, ask) => everyPage<Member>(ask, at("/api/v1/workspaces/{workspace_id}/members", { workspace_id: id })),
      providesTags: ["Member"],
    }),
    setProjectMember: build.mutation<ProjectMember, { projectId: string; userId: string; access: Access }>({
      query: ({ projectId, userId, access }) => ({ method: "PUT", path: member(projectId, userId), body: { access } }),
      invalidatesTags: ["Project"],
    }),
    removeProjectMember: build.mutation<null, { projectId: string; userId: string }>({
      query: ({ projectId, userId }) => ({ method: "DELETE", path: member(projectId, userId) }),
      invalidatesTags: ["Project"],
    }),
  }),
});

export const {
  useProjectQuery,
  useCreateProjectMutation,
  useUpdateProjectMutation,
  useDeleteProjectMutation,
  useProjectConversationsInfiniteQuery,
  useProjectMembersQuery,
  useColleaguesQuery,
  useSetProjectMemberMutation,
  useRemoveProjectMemberMutation,
} = projects;
