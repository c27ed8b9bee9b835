/**
 * The page that draws diagrams. It runs in a frame without an origin: it has no cookies, no storage and no network, it
 * sees nothing of the page that asks, and what it gives back is shown as a picture, in which no script runs.
 */
import mermaid from "mermaid";
import type { Drawing, Wanted } from "./protocol";

const measured = /viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ([\d.]+)"/;
/** How long one diagram may take, in milliseconds. */
const PATIENCE = 5_000;
let theme: Wanted["theme"] | null = null;
let last: Promise<unknown> = Promise.resolve();

async function draw({ id, source, theme: wanted }: Wanted): Promise<Drawing> {
  try {
    if (wanted !== theme) {
      theme = wanted;
      mermaid.initialize({
        startOnLoad: false,
        securityLevel: "strict",
        theme: wanted === "dark" ? "dark" : "default",
        fontFamily: "system-ui, sans-serif",
        // Labels are text of the picture: HTML within it would depend on where it is shown.
        htmlLabels: false,
        layout: "dagre",
        suppressErrorRendering: true,
      });
    }
    const { svg } = await Promise.race([mermaid.render(`diagram-${id}`, source), late()]);
    const [, width, height] = measured.exec(svg) ?? [];
    if (!width || !height) return { id, svg: null };
    return { id, svg: asDocument(svg), width: Number(width), height: Number(height) };
  } catch {
    return { id, svg: null };
  } finally {
    document.body.replaceChildren();
  }
}

/** What waits for something that never comes does not keep others from being drawn. */
function late(): Promise<never> {
  return new Promise((_, fail) => setTimeout(() => fail(new Error("late")), PATIENCE));
}

/** The drawing as XML, which a picture has to be. */
function asDocument(svg: string): string {
  const place = document.createElement("div");
  place.innerHTML = svg;
  const root = place.firstElementChild;
  return root ? new XMLSerializer().serializeToString(root) : svg;
}

addEventListener("message", (message: MessageEvent<unknown>) => {
  const [port] = message.ports;
  if (message.source !== parent || !port) return;
  port.onmessage = ({ data }: MessageEvent<Wanted>) => {
    // One after another: the library draws into the page.
    last = last.then(() => draw(data)).then((drawing) => port.postMessage(drawing));
  };
});
parent.postMessage("ready", "*");
