import fc from "fast-check";
import { renderToStaticMarkup } from "react-dom/server";
import { createElement, Fragment } from "react";
import { describe, expect, it } from "vitest";
import { type Piece, all, next } from "../../src/markdown/highlighter";

/** Everything in pieces, as the page takes them one after another. */
function pieces(code: string, language: string): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  while (at < code.length) {
    const piece = next(code.slice(at), language, false, at);
    if (!piece) throw new Error("code that does not grow has an end");
    found.push(piece);
    at += piece.code.length;
  }
  return found;
}

const html = (piece: Piece) => renderToStaticMarkup(createElement(Fragment, null, piece.nodes));
const textOf = (piece: Piece) =>
  html(piece)
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll(/&(amp|lt|gt|quot|#x27);/g, (_, name: string) => ({ amp: "&", lt: "<", gt: ">", quot: '"', "#x27": "'" })[name] ?? "");

describe("code in pieces", () => {
  const line = fc.constantFrom("let a = 1;", "", '  const b = "text"; // why', "/* a comment", "   goes on */", "`template", "${b} ends`", "if (a < b && c) {", "}");
  it("is the same code, whatever it says", () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 900 }), (lines) => {
        const code = lines.join("\n");
        const found = pieces(code, "js");
        expect(found.map((piece) => piece.code).join("")).toBe(code);
        for (const piece of found) expect(textOf(piece)).toBe(piece.code.replace(/\n$/, ""));
        expect(Math.max(0, ...found.map((piece) => piece.code.length))).toBeLessThan(14_000);
      }),
      { numRuns: 40 },
    );
  });

  it("is not parted within a comment or a text", () => {
    const comment = `/*\n${" * words of a comment\n".repeat(190)} */\n`;
    const code = `${"let a = 1;\n".repeat(220)}${comment}${"let b = 2;\n".repeat(300)}`;
    const whole = pieces(code, "js").map(html).join("");
    expect(whole.match(/hljs-comment/g)).toHaveLength(1);
    expect(whole.match(/hljs-keyword/g)).toHaveLength(520);
    const yaml = `${"name: words here\n".repeat(400)}`;
    expect(pieces(yaml, "yaml").length).toBeGreaterThan(1);
    expect(pieces(yaml, "yaml").map(html).join("").match(/hljs-attr/g)).toHaveLength(400);
  });

  it("waits for more where it grows, and stays plain where the language is not known", () => {
    expect(next("let a = 1;\n", "js", true, 0)).toBeNull();
    const grown = next("let a = 1;\n".repeat(500), "js", true, 0);
    expect(grown?.code.length).toBeGreaterThan(2_400);
    expect(grown?.code.endsWith("\n")).toBe(true);
    expect(html(all("<b>", "no such language", 0))).toBe('<span class="code-piece">&lt;b&gt;</span>');
  });
});
