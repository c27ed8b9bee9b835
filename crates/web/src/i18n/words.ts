import type { Problem } from "../api/problem";
import type { Language } from ".";

type Texts = Record<string, string>;
type FieldProblem = Problem["errors"][number];

/** What problems of the server are called here. English has only what the server says too shortly. */
const loaders: Record<Language, () => Promise<{ default: Texts }>> = {
  en: () => import("./problems.en.json"),
  de: () => import("./problems.de.json"),
  "zh-Hans": () => import("./problems.zh-Hans.json"),
};

/** Rules that the server tells by their words only; of all others it tells the code. */
const RULES = [
  [/^must be at least [\d,]+ characters/, "shortest"],
  [/^must be (?:at most|1 to) [\d,]+ characters/, "longest"],
  [/^must be between [\d,.]+ and [\d,.]+$/, "range"],
  [/an e-mail address/, "email"],
  [/letters of several scripts/, "mixed_scripts"],
] as const;

/** Which rule a field breaks, and the numbers in it. */
export function fieldRule({ code, detail }: FieldProblem): { rule: string; least: string; limit: string } {
  const [least = "", limit = least] = detail.match(/\d[\d,.]*/g) ?? [];
  return { rule: RULES.find(([words]) => words.test(detail))?.[1] ?? code, least, limit };
}

/** The words of a language for what the server refuses; nothing for what it has none for. */
export async function wordsOf(language: Language) {
  const texts = (await loaders[language]()).default;
  return {
    ofProblem: ({ slug }: Problem): string | undefined => texts[slug],
    ofField(error: FieldProblem): string | undefined {
      const { rule, least, limit } = fieldRule(error);
      const text = texts[`field.${rule}`];
      return limit === "" && text?.includes("{{limit}}") ? undefined : text?.replace("{{least}}", least).replace("{{limit}}", limit);
    },
  };
}
