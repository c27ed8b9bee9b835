import type { RefObject } from "react";
import { useTranslation } from "react-i18next";
import { useProjectsQuery } from "../api/api";
import { useTags } from "../tags/tags";
import { FILTERS, written } from "./query";

interface LessonProps {
  onChoose: (text: string) => void;
  input: RefObject<HTMLInputElement | null>;
}

/** Teaches the filters by examples, with names that there are. */
export function Lesson({ onChoose, input }: LessonProps) {
  const { t } = useTranslation();
  const tag = useTags()[0]?.name ?? "garden";
  const { data: projects } = useProjectsQuery();
  const year = new Date().getFullYear();
  const examples = {
    tag,
    project: projects?.[0]?.name ?? "Spring house",
    pinned: "yes",
    archived: "yes",
    before: `${year}-06-01`,
    after: `${year}-05`,
    role: "user",
    model: "builtin/recall",
  };
  return (
    <section className="lesson" aria-labelledby="lesson">
      <h2 id="lesson">{t("search.filters")}</h2>
      <p className="hint">{t("search.filtersDetail")}</p>
      <ul>
        {FILTERS.map((name) => {
          const example = written(name, examples[name]);
          return (
            <li key={name}>
              <button
                type="button"
                onClick={() => {
                  onChoose(`${example} `);
                  input.current?.focus();
                }}
              >
                <code dir="auto">{example}</code>
              </button>
              <span>{t(`search.about.${name}`)}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
