/** The contract of the server under the names that the client uses. */
import type { components, paths } from "./generated/api";
import type { ServerFrame as AnyServerFrame, components as frames } from "./generated/frames";

type Schemas = components["schemas"];

export type Path = keyof paths;
export type Annotation = Schemas["Annotation"];
export type ApiKey = Schemas["ApiKey"];
export type BatchCommand = Schemas["BatchCommand"];
export type BatchResponse = Schemas["BatchResponse"];
export type Conversation = Schemas["Conversation"];
export type CreateApiKey = Schemas["CreateApiKey"];
export type CreateConversation = Schemas["CreateConversation"];
export type CreatedApiKey = Schemas["CreatedApiKey"];
export type CreateUser = Schemas["CreateUser"];
export type Exchange = Schemas["Exchange"];
export type Me = Schemas["Me"];
export type Message = Schemas["Message"];
export type Model = Schemas["Model"];
export type Parameters = Schemas["Parameters"];
export type Part = Schemas["Part"];
export type PartOf<Kind extends Part["kind"]> = Extract<Part, { kind: Kind }>;
export type ProblemBody = Schemas["Problem"];
export type Role = Schemas["User"]["role"];
export type Run = Schemas["Run"];
export type Scope = NonNullable<CreateApiKey["scopes"]>[number];
export type SearchHit = Schemas["SearchHit"];
export type SendMessage = Schemas["SendMessage"];
export type SignedIn = Schemas["SignedIn"];
export type Tag = Schemas["Tag"];
export type TagColor = Tag["color"];
export type ThreadMessage = Schemas["ThreadMessage"];
export type UpdateConversation = Schemas["UpdateConversation"];
export type Usage = Schemas["Usage"];
export type User = Schemas["User"];

// People, workspaces, projects and links.
export type Access = Schemas["Project"]["access"];
export type AuditEntry = Schemas["AuditEntry"];
export type CreatedInvitation = Schemas["CreatedInvitation"];
export type CreatedShare = Schemas["CreatedShare"];
export type CreatedUser = Schemas["CreatedUser"];
export type CreateProvider = Schemas["CreateProvider"];
export type ExternalIdentity = Schemas["ExternalIdentity"];
export type Invitation = Schemas["Invitation"];
export type Member = Schemas["Member"];
export type Offer = Schemas["Offer"];
export type Passkey = Schemas["Passkey"];
export type PasskeyChallenge = Schemas["PasskeyChallenge"];
export type PasswordLink = Schemas["PasswordLink"];
export type Project = Schemas["Project"];
export type ProjectMember = Schemas["ProjectMember"];
export type Provider = Schemas["Provider"];
export type ProviderTest = Schemas["ProviderTest"];
export type RecoveryCodes = Schemas["RecoveryCodes"];
export type Session = Schemas["Session"];
export type Share = Schemas["Share"];
export type SharedConversation = Schemas["SharedConversation"];
export type SignInOptions = Schemas["SignInOptions"];
export type Totp = Schemas["Totp"];
export type TotpBegun = Schemas["TotpBegun"];
export type UpdatedMe = Schemas["UpdatedMe"];
export type UpdateProvider = Schemas["UpdateProvider"];
export type UpdateUser = Schemas["UpdateUser"];
export type UserState = Schemas["User"]["state"];
export type VerifiedEmail = Schemas["VerifiedEmail"];
export type Workspace = Schemas["Workspace"];

export interface Page<T> {
  items: T[];
  next: string | null;
}

export type { ClientFrame } from "./generated/frames";
export type ServerFrame = AnyServerFrame;
export type SubscriptionRequest = frames["schemas"]["SubscriptionRequest"];
export type FrameOf<Type extends ServerFrame["type"]> = Extract<ServerFrame, { type: Type }>;

/** The frames of a run's own channel. */
export type RunFrame = FrameOf<
  | "subscribed"
  | "snapshot"
  | "run.started"
  | "part.started"
  | "delta"
  | "part.ended"
  | "run.completed"
  | "run.failed"
  | "run.cancelled"
  | "run.interrupted"
>;
