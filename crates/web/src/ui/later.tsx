import { type ComponentType, useEffect, useState } from "react";

/**
 * Something that adds to a page once it is loaded. As long as it cannot be, because the server is away perhaps, it is just not
 * there; it is asked for again wherever it is shown next.
 */
export function later<Props extends object>(load: () => Promise<{ default: ComponentType<Props> }>): ComponentType<Props> {
  let Loaded: ComponentType<Props> | null = null;
  return function Later(props: Props) {
    const [, setLoaded] = useState(Loaded !== null);
    useEffect(() => {
      if (Loaded) return;
      let isWanted = true;
      load().then(
        (module) => {
          Loaded = module.default;
          if (isWanted) setLoaded(true);
        },
        () => undefined,
      );
      return () => {
        isWanted = false;
      };
    }, []);
    return Loaded && <Loaded {...props} />;
  };
}
