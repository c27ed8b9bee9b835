import { describe, expect, it } from "vitest";
import type { Model, Project, Tag } from "../../src/contract";
import { meaningOf, parse, without, written } from "../../src/search/query";

const known = {
  tags: [{ id: "t1", name: "Garden" }, { id: "t2", name: "to do" }] as Tag[],
  projects: [{ id: "p1", name: "Spring house" }] as Project[],
  models: [{ id: "local/echo", provider: "local" }] as Model[],
};
const meaning = (text: string) => meaningOf(parse(text).filters, known);

describe("what is typed into the search", () => {
  it("is words and filters, in any order", () => {
    const { words, filters } = parse(`tag:garden red tomatoes project:"Spring house" “in this order”`);
    expect(words).toBe("red tomatoes “in this order”");
    expect(filters.map(({ name, value }) => [name, value])).toEqual([
      ["tag", "garden"],
      ["project", "Spring house"],
    ]);
  });

  it("keeps as words what is no filter", () => {
    for (const text of ["http://example.org", "source:chatgpt", "mytag:x", "the tag: is empty", `a "tag:x" in quotation marks`]) {
      expect(parse(text).filters, text).toEqual([]);
    }
    expect(parse("see http://example.org note:this").words).toBe("see http://example.org note:this");
  });

  it("counts a filter that is still being typed as nothing", () => {
    expect(parse("tomatoes tag:")).toEqual({ words: "tomatoes", filters: [] });
    expect(parse(`tomatoes tag:"to`).filters).toMatchObject([{ name: "tag", value: "to" }]);
    expect(parse(`tag:""`)).toEqual({ words: "", filters: [] });
  });

  it("loses one filter and nothing else", () => {
    const text = `red tag:garden  tomatoes before:2026`;
    const [tag, before] = parse(text).filters;
    expect(without(text, tag!)).toBe("red tomatoes before:2026");
    expect(without(text, before!)).toBe("red tag:garden  tomatoes");
    expect(parse(written("project", "Spring house")).filters).toMatchObject([{ name: "project", value: "Spring house" }]);
  });
});

describe("what filters mean", () => {
  it("is told to the server by identifiers, whatever the case", () => {
    const { messages, conversations, needsWords, wrong } = meaning(`TAG:"To Do" project:"spring HOUSE" pinned:yes archived:no`);
    expect(messages).toEqual({ tag: "t2", project: "p1", pinned: true, archived: false });
    expect(conversations).toEqual(messages);
    expect([needsWords, wrong]).toEqual([false, []]);
  });

  it("is of messages only for who speaks", () => {
    expect(meaning("role:me model:echo")).toMatchObject({ messages: { role: "user", model: "local/echo" }, conversations: {}, needsWords: true });
    expect(meaning("model:gone/long-ago").messages.model).toBe("gone/long-ago");
  });

  it("takes days, months and years from where they begin", () => {
    const { messages, conversations } = meaning("after:2026-05 before:2026-06-01");
    expect(messages.posted_from).toBe(new Date(2026, 4, 1).toISOString());
    expect(messages.posted_before).toBe(new Date(2026, 5, 1).toISOString());
    expect(conversations.updated_from).toBe(messages.posted_from);
    expect(meaning("after:2024").messages.posted_from).toBe(new Date(2024, 0, 1).toISOString());
  });

  it("is refused where there is none", () => {
    const reasons = (text: string) => meaning(text).wrong.map(({ reason }) => reason);
    expect(reasons("tag:nothing")).toEqual(["unknownTag"]);
    expect(reasons("project:nothing")).toEqual(["unknownProject"]);
    expect(reasons("pinned:perhaps")).toEqual(["yesOrNo"]);
    expect(reasons("before:2026-02-30 after:yesterday")).toEqual(["date", "date"]);
    expect(reasons("role:king")).toEqual(["role"]);
    expect(reasons("tag:garden tag:garden")).toEqual(["again"]);
  });
});
