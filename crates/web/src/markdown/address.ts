/** An address that may be followed: within this place, or one of another host, which opens in a tab of its own. */
export type Address = { kind: "here"; path: string } | { kind: "elsewhere"; href: string; host: string };

/** What an address in a text leads to; `null` for everything that is no plain address, such as scripts and data. */
export function addressOf(href: string): Address | null {
  let url: URL;
  try {
    url = new URL(href, location.origin);
  } catch {
    return null;
  }
  if (url.origin === location.origin) return { kind: "here", path: url.pathname + url.search + url.hash };
  if (url.protocol === "https:" || url.protocol === "http:") return { kind: "elsewhere", href: url.href, host: url.host };
  if (url.protocol === "mailto:") return { kind: "elsewhere", href: url.href, host: url.pathname };
  return null;
}

/** A picture that came with the text itself. Nothing is fetched for it, and it can hold no script. */
export function isInlinePicture(href: string): boolean {
  return /^data:image\/(png|jpeg|gif|webp|avif);base64,[a-z0-9+/=\s]+$/i.test(href);
}
