interface Policy {
  createScriptURL(address: string): unknown;
}

declare global {
  interface Window {
    /** Not known to the types of the platform yet, and not to every browser. */
    trustedTypes?: { createPolicy(name: string, rules: { createScriptURL(address: string): string }): Policy };
  }
}

/** The address of the service worker, at the top, so that it stands before every page. */
const WORKER = "/worker.js";

// The one policy for trusted types that the content policy of the page allows, made before anything else runs. All it
// does is to say that the worker may be asked for.
const policy = window.trustedTypes?.createPolicy("worker", {
  createScriptURL(address) {
    if (address !== WORKER) throw new TypeError("this is not the service worker");
    return address;
  },
});

/** Has the browser keep the program, where it can: over HTTPS, or on this very machine. */
export async function installWorker(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  try {
    // A trusted address is as good as the text that it holds; the types of the platform do not know that yet.
    const address = (policy?.createScriptURL(WORKER) ?? WORKER) as string;
    await navigator.serviceWorker.register(address, { updateViaCache: "none" });
  } catch {
    // Without it the page needs the network, as any other.
  }
}
