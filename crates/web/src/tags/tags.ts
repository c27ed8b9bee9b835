import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useTagsQuery } from "../api/api";
import type { Tag } from "../contract";
import { useAppSelector } from "../store/store";

const NONE: Tag[] = [];

/** The person's tags by their names. */
export function useTags(): Tag[] {
  const { i18n } = useTranslation();
  const isSignedIn = useAppSelector((state) => state.session.status === "signed-in");
  const { data = NONE } = useTagsQuery(undefined, { skip: !isSignedIn });
  return useMemo(() => {
    const { compare } = new Intl.Collator(i18n.language, { numeric: true });
    return data.toSorted((one, other) => compare(one.name, other.name));
  }, [data, i18n.language]);
}
