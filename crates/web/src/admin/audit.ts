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
