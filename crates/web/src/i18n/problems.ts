import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Problem } from "../api/problem";
import type { Language } from ".";
import type { wordsOf } from "./words";

type Words = Awaited<ReturnType<typeof wordsOf>>;

/** Says problems in the person's language, and in the server's words where there are no others. */
export function useProblemWords() {
  const language = useTranslation().i18n.language as Language;
  const [words, setWords] = useState<Words | null>(null);
  useEffect(() => {
    let isAwaited = true;
    // They are needed first when something goes wrong; without a network the server's own words have to do.
    import("./words").then(({ wordsOf }) => wordsOf(language)).then(
      (found) => isAwaited && setWords(found),
      () => undefined,
    );
    return () => {
      isAwaited = false;
    };
  }, [language]);
  return {
    ofProblem: (problem: Problem) => words?.ofProblem(problem) ?? sentence(problem.detail),
    ofField: (error: Problem["errors"][number]) => words?.ofField(error) ?? sentence(error.detail),
  };
}

/** Half a sentence as a whole one. */
function sentence(text: string): string {
  const whole = text.slice(0, 1).toUpperCase() + text.slice(1);
  return /\w$/.test(whole) ? `${whole}.` : whole;
}
