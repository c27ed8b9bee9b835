import { X } from "lucide-react";
import type { RefObject } from "react";
import { useTranslation } from "react-i18next";
import { useProjectsQuery } from "../api/api";
import { useTags } from "../tags/tags";
import { Anchored } from "../ui/Anchored";
import { Choice } from "../ui/Choice";
import type { View } from "./slice";

/** What narrows the list down, beside the archive and the words. */
export type Filters = Pick<View, "pinned" | "tag" | "project">;

interface FiltersProps {
  filters: Filters;
  onChange: (filters: Filters) => void;
}

/** Chooses what narrows the list down. */
export function ListFilters({ filters, onChange, anchor, onClose }: FiltersProps & { anchor: RefObject<HTMLElement | null>; onClose: () => void }) {
  const { t } = useTranslation();
  const tags = useTags();
  const { data: projects = [] } = useProjectsQuery();
  const any = ["", t("filters.any")] as const;
  const named = (some: { id: string; name: string }[]) => [any, ...some.map(({ id, name }) => [id, name] as const)];
  return (
    <Anchored label={t("filters.title")} className="list-filters" anchor={anchor} onClose={onClose}>
      <Choice
        label={t("filters.state")}
        options={[["", t("filters.all")] as const, ["pinned", t("filters.pinned")] as const]}
        value={filters.pinned ? "pinned" : ""}
        onChoose={(value) => onChange({ ...filters, pinned: value !== "" || undefined })}
      />
      <Choice
        label={t("filters.project")}
        options={named(projects)}
        value={filters.project ?? ""}
        onChoose={(value) => onChange({ ...filters, project: value || undefined })}
      />
      <Choice
        label={t("filters.tag")}
        options={named(tags)}
        value={filters.tag ?? ""}
        onChoose={(value) => onChange({ ...filters, tag: value || undefined })}
      />
    </Anchored>
  );
}

/** What narrows the list down at the moment, each to be taken away. */
export function FilterChips({ filters, onChange }: FiltersProps) {
  const { t } = useTranslation();
  const tags = useTags();
  const { data: projects = [] } = useProjectsQuery(undefined, { skip: filters.project === undefined });
  const called = (some: { id: string; name: string }[], id: string) => some.find((one) => one.id === id)?.name ?? "…";
  const chips = [
    filters.pinned && { kind: "pinned", name: t("list.pinned"), without: { ...filters, pinned: undefined } },
    filters.project && { kind: "project", name: called(projects, filters.project), without: { ...filters, project: undefined } },
    filters.tag && { kind: "tag", name: called(tags, filters.tag), without: { ...filters, tag: undefined } },
  ].filter((chip) => typeof chip === "object");
  return (
    <ul className="filter-chips" aria-label={t("filters.title")}>
      {chips.map(({ kind, name, without }) => (
        <li key={kind}>
          <button type="button" className="filter-chip" aria-label={t("filters.remove", { name })} onClick={() => onChange(without)}>
            <span dir="auto">{name}</span>
            <X aria-hidden size={13} />
          </button>
        </li>
      ))}
    </ul>
  );
}
