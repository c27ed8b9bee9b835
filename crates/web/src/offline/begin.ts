import type { Store } from "../store/store";
import { installWorker } from "./install";

/** Once somebody is signed in and nothing else is to do, prepares for the time without a network. */
export function prepareForOffline(store: Store): void {
  let isWaiting = false;
  const prepare = async () => {
    await installWorker();
    const { keep } = await import("./keep");
    keep(store);
  };
  const look = () => {
    if (isWaiting || store.getState().session.status !== "signed-in") return;
    isWaiting = true;
    unsubscribe();
    whenIdle(() => void prepare());
  };
  const unsubscribe = store.subscribe(look);
  look();
}

/** After the page has loaded, when the browser has time. */
function whenIdle(work: () => void): void {
  const soon = () => ("requestIdleCallback" in window ? requestIdleCallback(work, { timeout: 5_000 }) : setTimeout(work, 1_000));
  if (document.readyState === "complete") soon();
  else addEventListener("load", soon, { once: true });
}
