import { useTranslation } from "react-i18next";

interface Pages<Item> {
  data?: { pages: { items: Item[] }[] } | undefined;
}

/** Everything that was loaded of a list. */
export function itemsOf<Item>({ data }: Pages<Item>): Item[] {
  return data?.pages.flatMap((page) => page.items) ?? [];
}

interface MoreProps {
  list: { hasNextPage: boolean; isFetching: boolean; fetchNextPage: () => unknown };
}

/** Loads the next page of a list; nothing where there is none. */
export function More({ list }: MoreProps) {
  const { t } = useTranslation();
  if (!list.hasNextPage) return null;
  return (
    <button type="button" aria-disabled={list.isFetching} onClick={() => !list.isFetching && list.fetchNextPage()}>
      {t("app.more")}
    </button>
  );
}
