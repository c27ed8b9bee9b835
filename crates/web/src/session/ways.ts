import { at } from "../api/request";

/** Whether this browser can use passkeys here; they need a secure address. */
export function hasPasskeys(): boolean {
  return typeof PublicKeyCredential === "function" && "parseRequestOptionsFromJSON" in PublicKeyCredential;
}

/** Where signing in through a provider begins. */
export function begins(provider: string, next: string): string {
  return `${at("/api/v1/auth/oidc/{provider}/begin", { provider })}?next=${encodeURIComponent(next)}`;
}

/** The address within this place where somebody wanted to go. */
export function wayBack(wanted: string | null, origin: string, hash: string): string {
  if (!wanted || !URL.canParse(wanted, origin)) return "/";
  const url = new URL(wanted, origin);
  return url.origin === origin ? url.pathname + url.search + (url.hash || hash) : "/";
}
