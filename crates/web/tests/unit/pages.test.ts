import { describe, expect, it } from "vitest";
import { everyPage } from "../../src/api/api";
import type { Asked } from "../../src/api/request";
import { clientProblem } from "../../src/api/problem";

const people = Array.from({ length: 450 }, (_, index) => `person ${index}`);

/** Answers as the server does, with pages as large as they were asked for. */
const serve = (asked: Asked[]) => async (wanted: Asked) => {
  asked.push(wanted);
  const from = Number(wanted.query?.after ?? 0);
  const to = from + Number(wanted.query?.limit);
  return { data: { items: people.slice(from, to), next: to < people.length ? String(to) : null } };
};

describe("a list that is shown whole", () => {
  it("is read to its end, page by page", async () => {
    const asked: Asked[] = [];
    expect(await everyPage<string>(serve(asked), "/people")).toEqual({ data: people });
    expect(asked).toHaveLength(3);
  });

  it("is not there at all when one of its pages is not", async () => {
    const error = clientProblem("unreachable", 0, "");
    const asked: Asked[] = [];
    const answer = serve(asked);
    expect(await everyPage<string>((wanted) => (asked.length === 1 ? { error } : answer(wanted)), "/people")).toEqual({ error });
  });
});
