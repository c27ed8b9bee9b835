import { useEffect, useState } from "react";

/** A value from behind the `#` of the address, where no server sees it. */
function inFragment(name: string): string {
  return new URLSearchParams(location.hash.slice(1)).get(name) ?? "";
}

/**
 * What a link carries behind its `#`. It leaves the address at once and so stays out of the history. The link may also be
 * opened over the page, which does not load it again.
 */
export function useFragment(name: string): string {
  const [value, setValue] = useState(() => inFragment(name));
  useEffect(() => {
    const take = () => {
      const given = inFragment(name);
      if (given === "") return;
      setValue(given);
      history.replaceState(history.state, "", location.pathname + location.search);
    };
    take();
    addEventListener("hashchange", take);
    return () => removeEventListener("hashchange", take);
  }, [name]);
  return value;
}
