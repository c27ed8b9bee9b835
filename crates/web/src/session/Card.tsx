import type { ReactNode } from "react";

/** A page with one thing to do. */
export function Card({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="card-page">
      <div className="card">
        <img src="/icon.svg" alt="" width={40} height={40} />
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
