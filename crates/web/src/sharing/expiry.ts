export const LIFETIMES = ["7", "30", "365", "never"] as const;
/** How many days a link works. */
export type Lifetime = (typeof LIFETIMES)[number];

const DAY = 86_400_000;

/** When a link that is made now ends; nothing for one that does not. */
export function expiry(lifetime: Lifetime, now: Date): string | undefined {
  return lifetime === "never" ? undefined : new Date(now.getTime() + Number(lifetime) * DAY).toISOString();
}
