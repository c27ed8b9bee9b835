/**
 * The service worker. It keeps the program, which is the same for everybody, so that the page opens where there is no
 * network; what belongs to a person it never sees: requests to the API pass it by.
 */
import type { Shell } from "./shell";

/** Filled in by the build: which build this is, and what it consists of. */
declare const SHELL: Shell;

const worker = self as unknown as ServiceWorkerGlobalScope;
const PREFIX = "colloquy.shell.";
const NAME = PREFIX + SHELL.build;
/** The page that every address of the client answers with. */
const PAGE = "/";
/** How long the network may take before the page is taken from what is kept, in milliseconds. */
const PATIENCE = 5_000;
/** The addresses of the client; others are pages of the server itself. */
const CLIENT = /^\/(?:$|(?:c|search|settings|admin|login|projects)(?:\/|$))/;

worker.addEventListener("install", (event) => {
  event.waitUntil(install(event));
});

async function install(event: ExtendableEvent): Promise<void> {
  // Where the browser can, everything that is none of our business goes past without waking us.
  const past = { condition: { urlPattern: "/api/*" }, source: "network" } as const;
  await (event as { addRoutes?: (rules: (typeof past)[]) => Promise<void> }).addRoutes?.([past]);
  const cache = await caches.open(NAME);
  const get = (path: string) => new Request(path, { cache: "no-cache", credentials: "omit" });
  await cache.addAll([PAGE, ...SHELL.files].map(get));
  // The next page that is opened is of this build already; pages of the one before still find its files.
  await worker.skipWaiting();
}

worker.addEventListener("activate", (event) => {
  event.waitUntil(tidy().then(() => worker.clients.claim()));
});

/** Removes all builds but this one and the one before it, whose pages may still be open. */
async function tidy(): Promise<void> {
  const builds = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== NAME);
  await Promise.all(builds.slice(0, -1).map((name) => caches.delete(name)));
}

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin || request.method !== "GET") return;
  if (request.mode === "navigate") {
    if (CLIENT.test(pathname)) event.respondWith(page(request));
  } else if (pathname.startsWith("/assets/") || SHELL.files.includes(pathname)) {
    event.respondWith(file(request, pathname));
  }
});

/** The page as the server has it now; where no answer comes, the one that is kept. */
async function page(request: Request): Promise<Response> {
  const kept = async () => {
    const answer = await caches.match(PAGE, { cacheName: NAME });
    if (!answer) return undefined;
    // Whether somebody was signed in when it was kept says nothing about now.
    const headers = new Headers(answer.headers);
    headers.delete("server-timing");
    return new Response(answer.body, { headers });
  };
  const fresh = fetch(request);
  fresh.catch(() => {});
  try {
    const answer = await Promise.race([fresh, late()]);
    if (answer.status < 500) return answer;
    return (await kept()) ?? answer;
  } catch {
    return (await kept()) ?? fresh;
  }
}

function late(): Promise<never> {
  return new Promise((_, fail) => setTimeout(() => fail(new Error("late")), PATIENCE));
}

/** A file. Those whose address names their content never change; others are asked for first. */
async function file(request: Request, pathname: string): Promise<Response> {
  if (!pathname.startsWith("/assets/")) {
    return fetch(request).catch(async (error: unknown) => {
      const kept = await caches.match(pathname, { cacheName: NAME });
      if (kept) return kept;
      throw error;
    });
  }
  const kept = await caches.match(pathname);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) {
    const copy = answer.clone();
    const cache = await caches.open(NAME);
    await cache.put(pathname, copy);
  }
  return answer;
}
