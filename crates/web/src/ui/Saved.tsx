/** Says that something worked; silent before. */
export function Saved({ children }: { children: string | false | null | undefined }) {
  return (
    <p className="hint" role="status">
      {children}
    </p>
  );
}
