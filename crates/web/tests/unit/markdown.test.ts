import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { grow, lex, mend, noBlocks } from "../../src/markdown/lexer";

const piece = fc.constantFrom(
  "Words and more words.", "\n", "\n\n", "# A heading\n", "- an entry\n", "  - below it\n", "1. first\n", "```rust\n", "fn main() {}\n",
  "```\n", "> quoted\n", "| a | b |\n", "| --- | --- |\n", "| 1 | 2 |\n", "$$\n", "x^2\n", "---\n", "**bold", "**", "`code", "`", "[link](https://e",
  "xample.org)", "<b>markup</b>", "    indented\n", " ",
);
const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(""));

describe("a growing text", () => {
  it("is always made of blocks that together are the whole text", () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(300)), (whole, cuts) => {
        const ends = [...cuts.map((cut) => Math.min(cut, whole.length)), whole.length].sort((one, other) => one - other);
        let blocks = noBlocks;
        for (const end of ends) {
          blocks = grow(blocks, whole.slice(0, end));
          const said = blocks.blocks.map(({ raw }) => raw).join("");
          expect(said.trimEnd()).toBe(whole.slice(0, end).trimEnd());
          let start = 0;
          for (const block of blocks.blocks) {
            expect(block.start).toBe(start);
            start += block.raw.length;
          }
        }
      }),
      { numRuns: 400 },
    );
  });

  it("keeps every block but the last as it is", () => {
    const before = grow(noBlocks, "# One\n\nTwo **bold** words.\n\n- a\n- b\n\n```js\nlet x = 1;\n");
    const after = grow(before, `${before.text}let y = 2;\n`);
    for (const [index, block] of before.blocks.slice(0, -1).entries()) expect(after.blocks[index]).toBe(block);
    expect(after.blocks.at(-1)?.token).toMatchObject({ type: "code", text: "let x = 1;\nlet y = 2;" });
  });

  it("looks finished before it is", () => {
    expect(mend("This is **bo")).toBe("This is **bo**");
    expect(mend("Call `ma")).toBe("Call `ma`");
    expect(mend("See [the site](https://exam")).toBe("See the site");
    expect(mend("```js\nlet a = `x")).toBe("```js\nlet a = `x");
    expect(mend("All **done** here")).toBe("All **done** here");
  });
});

describe("formulas", () => {
  const kinds = (source: string) => JSON.stringify(lex(source)).match(/"type":"(blockMath|inlineMath)"/g) ?? [];
  it("are told from prices", () => {
    expect(kinds("It costs $3 to $5.")).toEqual([]);
    expect(kinds("From $100 and $200 a day")).toEqual([]);
    expect(kinds("We have $x + y$ here.")).toHaveLength(1);
    expect(kinds("Also \\(a\\) and \\(b\\).")).toHaveLength(2);
    expect(kinds("$$\na^2\n$$\n")).toEqual(['"type":"blockMath"']);
    expect(kinds("\\[\na^2\n\\]\n")).toEqual(['"type":"blockMath"']);
  });
});
