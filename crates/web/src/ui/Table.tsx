import type { CSSProperties, ReactNode } from "react";

interface TableProps {
  label: string;
  headings: string[];
  /** The heading of a last column of buttons, for those who do not see that they are. */
  actions?: string;
  children: ReactNode;
}

/**
 * A table that scrolls by itself where it is too wide, by keyboard too. On a phone each row stands for itself, and each
 * value says of what it is.
 */
export function Table({ label, headings, actions, children }: TableProps) {
  const names = Object.fromEntries(headings.map((heading, index) => [`--heading-${index + 1}`, JSON.stringify(heading)]));
  return (
    <div className={actions ? "table with-actions" : "table"} tabIndex={0} role="group" aria-label={label}>
      <table style={names as CSSProperties}>
        <thead>
          <tr>
            {headings.map((heading) => (
              <th key={heading}>{heading}</th>
            ))}
            {actions && (
              <th>
                <span className="hidden">{actions}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
