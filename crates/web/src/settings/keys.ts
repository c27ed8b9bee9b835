import type { CreateApiKey, Scope } from "../contract";

export const SCOPES: readonly Scope[] = ["read", "write", "generate", "admin"];
/** What a new key may, unless more is chosen: what a program that only asks models needs. */
export const LEAST: readonly Scope[] = ["read", "generate"];
export const LIFETIMES = ["30", "90", "365", "never"] as const;
/** How many days a key works. */
export type Lifetime = (typeof LIFETIMES)[number];

const DAY = 86_400_000;
const MICRO = 1_000_000;

/** The limits of a new key, as its form has them; an empty field is no limit. */
export function limitsOf(
  fields: Record<string, string>,
  lifetime: Lifetime,
  now: Date,
): Pick<CreateApiKey, "expires_at" | "requests_per_minute" | "monthly_budget_microusd"> {
  const number = (name: string) => {
    const text = fields[name]?.trim() ?? "";
    return text === "" ? undefined : Number(text);
  };
  const budget = number("monthly_budget_microusd");
  return {
    expires_at: lifetime === "never" ? undefined : new Date(now.getTime() + Number(lifetime) * DAY).toISOString(),
    requests_per_minute: number("requests_per_minute"),
    monthly_budget_microusd: budget === undefined ? undefined : Math.round(budget * MICRO),
  };
}

/** An amount of money in the person's language. */
export function dollars(microusd: number, language: string): string {
  return new Intl.NumberFormat(language, { style: "currency", currency: "USD" }).format(microusd / MICRO);
}
