import { useEffect, useRef } from "react";

/** A formula, as MathML. What writes it is loaded when first needed; until then its source stands there. */
export function Formula({ source, isBlock = false }: { source: string; isBlock?: boolean }) {
  const place = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    let isWanted = true;
    const write = async () => {
      const { default: temml } = await import("temml");
      if (!isWanted || !place.current) return;
      try {
        temml.render(source, place.current, { displayMode: isBlock, throwOnError: true, trust: false, maxExpand: 500 });
      } catch {
        place.current.textContent = source;
      }
    };
    void write();
    return () => {
      isWanted = false;
    };
  }, [source, isBlock]);
  return (
    <span key={source} ref={place} className={isBlock ? "formula block" : "formula"} dir="ltr">
      {source}
    </span>
  );
}
