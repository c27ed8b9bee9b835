/** Says that something worked, and stays silent before. */
export function Done({ children }: { children: string | false | null | undefined }) {
  return (
    <p className={children ? "done" : "hidden"} role="status">
      {children}
    </p>
  );
}
