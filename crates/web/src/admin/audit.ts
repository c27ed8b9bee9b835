/** Which entries of the audit log are wanted, as its address says it. */
export interface AuditQuery {
  name?: string | undefined;
  user?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
}

/** The wish of a form, whose times are those of the person's clock; empty fields do not narrow anything. */
export function auditQuery(fields: Record<string, string>): AuditQuery {
  const text = (name: string) => fields[name]?.trim() || undefined;
  const moment = (name: string) => {
    const at = text(name);
    return at === undefined ? undefined : new Date(at).toISOString();
  };
  return { name: text("name"), user: text("user"), since: moment("since"), until: moment("until") };
}

/** What is audited, by what it is about. Each has a text of its own, `event.<noun>.<verb>`. */
export const EVENTS = {
  session: ["opened", "refused", "switched", "closed", "revoked", "reused", "all_closed"],
  user: ["created", "email_changed", "password_changed", "role_changed", "activated", "suspended", "deleted"],
  member: ["added", "removed"],
  invitation: ["created", "revoked", "accepted"],
  ticket: ["issued"],
  totp: ["enabled", "disabled"],
  recovery_code: ["used", "replaced"],
  passkey: ["added", "renamed", "removed"],
  external_identity: ["linked", "unlinked"],
  api_key: ["created", "revoked"],
  workspace: ["created", "updated"],
  project: ["created", "updated", "deleted", "member_set", "member_removed"],
  share: ["created", "revoked"],
  conversation: ["moved", "deleted"],
  provider: ["created", "updated", "deleted"],
  data: ["exported"],
  audit: ["exported"],
  secret_key: ["rotated", "reset"],
} as const;

type Nouns = typeof EVENTS;
export type Noun = keyof Nouns;
type EventName = { [N in Noun]: `${N}.${Nouns[N][number]}` }[Noun];

/** The key of the text for an event; nothing for one that this client does not know yet. */
export function eventText(name: string): `event.${EventName}` | null {
  const [noun = "", verb = ""] = name.split(".");
  const verbs: readonly string[] = Object.hasOwn(EVENTS, noun) ? EVENTS[noun as Noun] : [];
  return verbs.includes(verb) ? `event.${name as EventName}` : null;
}

/** Why a sign-in was refused, as the log has it. */
const REASONS = [
  "unknown_account",
  "wrong_password",
  "wrong_code",
  "wrong_passkey",
  "not_active",
  "too_many_attempts",
  "mismatch",
  "refused_by_provider",
  "email_unverified",
  "account_exists",
  "registration_closed",
] as const;

/** The key of the text that says why; nothing where the entry has no reason, or one that is not known yet. */
export function reasonText(detail: Record<string, unknown>): `reason.${(typeof REASONS)[number]}` | null {
  const reason = REASONS.find((name) => name === detail["reason"]);
  return reason ? `reason.${reason}` : null;
}
