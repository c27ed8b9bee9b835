import type { ReactNode } from "react";

/** A table that scrolls by itself where it is too wide, by keyboard too. An empty heading is that of a column of actions. */
export function Table({ label, headings, actions, children }: { label: string; headings: string[]; actions?: string; children: ReactNode }) {
  return (
    <div className="table" tabIndex={0} role="group" aria-label={label}>
      <table>
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
