/** What the page asks of the frame that draws. */
export interface Wanted {
  id: number;
  source: string;
  theme: "light" | "dark";
}

/** What comes back: an SVG document and its size in CSS pixels, or `null` where the source makes no diagram. */
export type Drawing = { id: number; svg: string; width: number; height: number } | { id: number; svg: null };
