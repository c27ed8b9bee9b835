import { api, byPage, everyPage } from "../api/api";
import { at } from "../api/request";
import type {
  AuditEntry,
  CreateProvider,
  CreateUser,
  CreatedInvitation,
  CreatedUser,
  Invitation,
  Member,
  Page,
  PasswordLink,
  Provider,
  ProviderTest,
  Role,
  UpdateProvider,
  UpdateUser,
  User,
  UserState,
  Workspace,
} from "../contract";
import type { AuditQuery } from "./audit";

const always = (tag: "User" | "Member" | "Invitation" | "Workspace") => (_: unknown, error: unknown) => (error ? [] : [tag]);
const workspace = (id: string) => at("/api/v1/workspaces/{workspace_id}", { workspace_id: id });
const members = (id: string) => at("/api/v1/workspaces/{workspace_id}/members", { workspace_id: id });
const member = (id: string, userId: string) =>
  at("/api/v1/workspaces/{workspace_id}/members/{user_id}", { workspace_id: id, user_id: userId });
const invitations = (id: string) => at("/api/v1/workspaces/{workspace_id}/invitations", { workspace_id: id });
const invitation = (id: string, invitationId: string) =>
  at("/api/v1/workspaces/{workspace_id}/invitations/{invitation_id}", { workspace_id: id, invitation_id: invitationId });
const provider = (id: string) => at("/api/v1/providers/{provider_id}", { provider_id: id });

/** What administrators see and change. Loaded with their pages. */
const administration = api.injectEndpoints({
  endpoints: (build) => ({
    users: build.infiniteQuery<Page<User>, UserState | "all", string | undefined>({
      infiniteQueryOptions: byPage,
      query: ({ queryArg, pageParam }) => ({
        path: at("/api/v1/users"),
        query: { after: pageParam, state: queryArg === "all" ? undefined : queryArg },
      }),
      providesTags: ["User"],
    }),
    everybody: build.query<User[], void>({
      queryFn: (_, __, ___, ask) => everyPage<User>(ask, at("/api/v1/users")),
      providesTags: ["User"],
    }),
    createUser: build.mutation<CreatedUser, CreateUser>({
      query: (body) => ({ method: "POST", path: at("/api/v1/users"), body }),
      invalidatesTags: always("User"),
    }),
    updateUser: build.mutation<User, { user: User; changes: UpdateUser }>({
      query: ({ user, changes }) => ({
        method: "PATCH",
        path: at("/api/v1/users/{user_id}", { user_id: user.id }),
        version: user.version,
        body: changes,
      }),
      invalidatesTags: ["User", "Member"],
    }),
    deleteUser: build.mutation<null, User>({
      query: ({ id, version }) => ({ method: "DELETE", path: at("/api/v1/users/{user_id}", { user_id: id }), version }),
      invalidatesTags: ["User", "Member"],
    }),
    removeSecondFactors: build.mutation<null, string>({
      query: (id) => ({ method: "DELETE", path: at("/api/v1/users/{user_id}/second-factors", { user_id: id }) }),
    }),
    createPasswordLink: build.mutation<PasswordLink, string>({
      query: (id) => ({ method: "POST", path: at("/api/v1/users/{user_id}/password-link", { user_id: id }) }),
    }),
    renameWorkspace: build.mutation<Workspace, { workspace: Workspace; name: string }>({
      query: ({ workspace: { id, version }, name }) => ({ method: "PATCH", path: workspace(id), version, body: { name } }),
      invalidatesTags: ["Workspace"],
    }),
    createWorkspace: build.mutation<Workspace, string>({
      query: (name) => ({ method: "POST", path: at("/api/v1/workspaces"), body: { name } }),
      invalidatesTags: always("Workspace"),
    }),
    members: build.infiniteQuery<Page<Member>, string, string | undefined>({
      infiniteQueryOptions: byPage,
      query: ({ queryArg, pageParam }) => ({ path: members(queryArg), query: { after: pageParam } }),
      providesTags: ["Member"],
    }),
    updateMember: build.mutation<Member, { workspaceId: string; member: Member; role: Role }>({
      query: ({ workspaceId, member: { user_id: userId, version }, role }) => ({
        method: "PATCH",
        path: member(workspaceId, userId),
        version,
        body: { role },
      }),
      invalidatesTags: ["Member", "User"],
    }),
    removeMember: build.mutation<null, { workspaceId: string; userId: string }>({
      query: ({ workspaceId, userId }) => ({ method: "DELETE", path: member(workspaceId, userId) }),
      invalidatesTags: ["Member", "User"],
    }),
    invitations: build.infiniteQuery<Page<Invitation>, string, string | undefined>({
      infiniteQueryOptions: byPage,
      query: ({ queryArg, pageParam }) => ({ path: invitations(queryArg), query: { after: pageParam } }),
      providesTags: ["Invitation"],
    }),
    invite: build.mutation<CreatedInvitation, { workspaceId: string; email: string; role: Role }>({
      query: ({ workspaceId, ...body }) => ({ method: "POST", path: invitations(workspaceId), body }),
      invalidatesTags: always("Invitation"),
    }),
    revokeInvitation: build.mutation<null, { workspaceId: string; id: string }>({
      query: ({ workspaceId, id }) => ({ method: "DELETE", path: invitation(workspaceId, id) }),
      invalidatesTags: ["Invitation"],
    }),
    providers: build.query<Provider[], void>({
      query: () => ({ path: at("/api/v1/providers") }),
      transformResponse: (page: { items: Provider[] }) => page.items,
      providesTags: ["Provider"],
    }),
    createProvider: build.mutation<Provider, CreateProvider>({
      query: (body) => ({ method: "POST", path: at("/api/v1/providers"), body }),
      invalidatesTags: (_, error) => (error ? [] : ["Provider", "Model"]),
    }),
    updateProvider: build.mutation<Provider, { id: string; version: number | undefined; changes: UpdateProvider }>({
      query: ({ id, version, changes }) => ({ method: "PATCH", path: provider(id), version, body: changes }),
      invalidatesTags: ["Provider", "Model"],
    }),
    deleteProvider: build.mutation<null, { id: string; version: number | undefined }>({
      query: ({ id, version }) => ({ method: "DELETE", path: provider(id), version }),
      invalidatesTags: ["Provider", "Model"],
    }),
    testProvider: build.mutation<ProviderTest, string>({
      query: (id) => ({ method: "POST", path: at("/api/v1/providers/{provider_id}/test", { provider_id: id }) }),
    }),
    audit: build.infiniteQuery<Page<AuditEntry>, AuditQuery, string | undefined>({
      infiniteQueryOptions: byPage,
      query: ({ queryArg, pageParam }) => ({ path: at("/api/v1/audit"), query: { ...queryArg, after: pageParam } }),
      // It grows with everything that is done.
      keepUnusedDataFor: 0,
    }),
  }),
});

export const {
  useUsersInfiniteQuery,
  useEverybodyQuery,
  useCreateUserMutation,
  useUpdateUserMutation,
  useDeleteUserMutation,
  useCreatePasswordLinkMutation,
  useRemoveSecondFactorsMutation,
  useRenameWorkspaceMutation,
  useCreateWorkspaceMutation,
  useMembersInfiniteQuery,
  useUpdateMemberMutation,
  useRemoveMemberMutation,
  useInvitationsInfiniteQuery,
  useInviteMutation,
  useRevokeInvitationMutation,
  useProvidersQuery,
  useCreateProviderMutation,
  useUpdateProviderMutation,
  useDeleteProviderMutation,
  useTestProviderMutation,
  useAuditInfiniteQuery,
} = administration;
