import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { excerpt } from "../../src/search/excerpt";

const read = (snippet: [string, boolean][]) =>
  excerpt(snippet.map(([text, highlighted]) => ({ text, highlighted })))
    .map(({ text, highlighted }) => (highlighted ? `[${text}]` : text))
    .join("");

describe("what a search shows of a message", () => {
  it("is its words, without the marks of Markdown, and with what was found", () => {
    expect(read([["… **Grow** the ", false], ["tomatoes", true], [" in `pots`, [see](https://example.org/a_b)", false]])).toBe("… Grow the [tomatoes] in pots, see");
    expect(read([["## The **big ", false], ["plan", true], ["** of\n- one\n- two", false]])).toBe("The big [plan] of one two");
    expect(read([["| Month | ", false], ["Water", true], [" |\n| --- | ---: |\n| May | 1 |", false]])).toBe("Month, [Water] May, 1");
    expect(read([["call `user_name_", false], ["of", true], ["` here", false]])).toBe("call user_name_[of] here");
    expect(read([["half** of it and ", false], ["more", true], [" ```js", false]])).toBe("half of it and [more] js");
  });

  it("never loses what was found", () => {
    const piece = fc.stringMatching(/^[a-z*_`#|[\]() \n-]{0,12}$/);
    fc.assert(
      fc.property(piece, fc.stringMatching(/^[a-z]{1,6}$/), piece, (before, found, after) => {
        const pieces = excerpt([{ text: before, highlighted: false }, { text: found, highlighted: true }, { text: after, highlighted: false }]);
        expect(pieces.some(({ text, highlighted }) => highlighted && text === found)).toBe(true);
      }),
    );
  });
});
