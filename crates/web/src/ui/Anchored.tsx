import * as Popover from "@radix-ui/react-popover";
import { type ReactNode, type RefObject, useRef } from "react";

interface AnchoredProps {
  label: string;
  className: string;
  /** What it opens at, and what has the focus afterwards. */
  anchor: RefObject<HTMLElement | null>;
  onClose: () => void;
  children: ReactNode;
}

/** Something small that opens at what it belongs to, and is there as long as it is open. */
export function Anchored({ label, className, anchor, onClose, children }: AnchoredProps) {
  const isElsewhere = useRef(false);
  return (
    <Popover.Root open onOpenChange={onClose}>
      <Popover.Anchor virtualRef={anchor as RefObject<HTMLElement>} />
      <Popover.Portal>
        <Popover.Content
          aria-label={label}
          className={`menu ${className}`}
          align="start"
          sideOffset={6}
          collisionPadding={8}
          onInteractOutside={(event) => {
            // What opened it would open it again.
            if (anchor.current?.contains(event.target as Node)) event.preventDefault();
            else isElsewhere.current = true;
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            if (!isElsewhere.current) anchor.current?.focus();
          }}
        >
          {children}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
