import { type ReactNode, useEffect, useRef } from "react";
import { Link } from "wouter";
import { useTitle } from "./title";

interface SectionsProps {
  title: string;
  base: string;
  current: string;
  sections: { name: string; label: string }[];
  children: ReactNode;
}

/** A page of several sections, each under an address of its own. */
export function Sections({ title, base, current, sections, children }: SectionsProps) {
  const label = sections.find(({ name }) => name === current)?.label ?? title;
  useTitle(label);
  const tabs = useRef<HTMLElement>(null);
  // Where not all of them fit, the present one is seen.
  useEffect(() => tabs.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" }), [current]);
  return (
    <main id="main" className="page" tabIndex={-1}>
      <div className="page-body">
        <h1>{title}</h1>
        <nav ref={tabs} className="tabs" aria-label={title}>
          {sections.map((section) => (
            <Link key={section.name} href={`${base}/${section.name}`} aria-current={section.name === current ? "page" : undefined}>
              {section.label}
            </Link>
          ))}
        </nav>
        <section aria-label={label}>{children}</section>
      </div>
    </main>
  );
}
