import type { Tag } from "../contract";

/** How a tag looks wherever it stands. */
export const TagChip = ({ tag: { name, color } }: { tag: Tag }) => (
  <span className="tag-chip" data-color={color} dir="auto">
    {name}
  </span>
);
