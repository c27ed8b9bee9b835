import type { Drawing, Wanted } from "./protocol";

export interface Picture {
  /** An address that holds the picture itself. */
  address: string;
  width: number;
  height: number;
}

/** How long a drawing may take, in milliseconds; the first one waits for the library too. */
const PATIENCE = 15_000;
const LONGEST_SOURCE = 20_000;
const LARGEST_PICTURE = 2_000_000;
const MOST_KNOWN = 40;

const known = new Map<string, Picture | null>();
const waiting = new Map<number, (drawing: Drawing) => void>();
let frame: Promise<{ port: MessagePort; element: HTMLIFrameElement }> | null = null;
let ids = 0;

/** The diagram that was drawn before; `undefined` where it has to be drawn first. */
export const drawnBefore = (source: string, theme: Wanted["theme"]) => known.get(`${theme} ${source}`);

/** Draws a diagram; `null` where the source is none, or takes too long. */
export async function draw(source: string, theme: Wanted["theme"]): Promise<Picture | null> {
  const key = `${theme} ${source}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const picture = source.length > LONGEST_SOURCE ? null : await ask({ id: (ids += 1), source, theme });
  if (known.size >= MOST_KNOWN) known.delete(known.keys().next().value ?? "");
  known.set(key, picture);
  return picture;
}

async function ask(wanted: Wanted): Promise<Picture | null> {
  frame ??= openFrame();
  const { port } = await frame;
  const answered = new Promise<Drawing>((resolve) => waiting.set(wanted.id, resolve));
  const timer = setTimeout(close, PATIENCE);
  port.postMessage(wanted);
  const drawing = await answered;
  clearTimeout(timer);
  if (drawing.svg === null || drawing.svg.length > LARGEST_PICTURE) return null;
  const { svg, width, height } = drawing;
  return { address: `data:image/svg+xml,${encodeURIComponent(svg)}`, width, height };
}

/** Opens the frame. It has no origin, so it can reach nothing of ours, and may do nothing but run its script. */
async function openFrame() {
  const element = document.createElement("iframe");
  element.sandbox.add("allow-scripts");
  element.className = "drawing-frame";
  element.tabIndex = -1;
  element.ariaHidden = "true";
  element.title = "";
  element.src = "/diagram.html";
  await new Promise<void>((ready) => {
    const hear = ({ source, data }: MessageEvent<unknown>) => {
      if (source !== element.contentWindow || data !== "ready") return;
      removeEventListener("message", hear);
      ready();
    };
    addEventListener("message", hear);
    // Where it does not come, every diagram is shown as its source.
    setTimeout(ready, PATIENCE);
    document.body.append(element);
  });
  const { port1: port, port2 } = new MessageChannel();
  port.onmessage = ({ data }: MessageEvent<Drawing>) => {
    waiting.get(data.id)?.(data);
    waiting.delete(data.id);
  };
  // It has no origin that could be named.
  element.contentWindow?.postMessage("begin", "*", [port2]);
  return { port, element };
}

/** Gives up: what waits is shown as its source, and the next diagram gets a new frame. */
function close(): void {
  for (const [id, answer] of waiting) answer({ id, svg: null });
  waiting.clear();
  void frame?.then(({ element }) => element.remove());
  frame = null;
}
