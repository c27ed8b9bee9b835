import type { ServerFrame } from "../contract";

/** How long frames wait while the page is hidden: browsers paint nothing then. */
const HIDDEN_PAUSE = 250;

/** Gathers frames and hands them on at most once a paint. */
export class FrameGatherer {
  #waiting: ServerFrame[] = [];
  #cancel: (() => void) | null = null;

  constructor(private readonly deliver: (frames: ServerFrame[]) => void) {}

  add(frame: ServerFrame): void {
    this.#waiting.push(frame);
    if (this.#cancel) return;
    if (document.visibilityState === "visible") {
      const request = requestAnimationFrame(this.#flush);
      this.#cancel = () => cancelAnimationFrame(request);
    } else {
      const timer = setTimeout(this.#flush, HIDDEN_PAUSE);
      this.#cancel = () => clearTimeout(timer);
    }
  }

  clear(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#waiting = [];
  }

  #flush = (): void => {
    this.#cancel = null;
    const frames = this.#waiting;
    this.#waiting = [];
    if (frames.length > 0) this.deliver(frames);
  };
}
