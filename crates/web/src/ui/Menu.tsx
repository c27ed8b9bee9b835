import * as Dropdown from "@radix-ui/react-dropdown-menu";
import { type ReactNode, useRef } from "react";

interface MenuProps {
  trigger: ReactNode;
  children: ReactNode;
  align?: "start" | "end";
  side?: "top" | "bottom";
}

/** A menu that opens at a button. Not modal: it puts no style into the page, which the content policy forbids. */
export function Menu({ trigger, children, align = "end", side = "bottom" }: MenuProps) {
  const wasLeft = useRef(false);
  /** The focus goes back to the button, unless what was chosen has opened something to type into. */
  const onCloseAutoFocus = (event: Event) => {
    if (!wasLeft.current && document.activeElement?.matches("input, textarea")) event.preventDefault();
    wasLeft.current = false;
  };
  return (
    <Dropdown.Root modal={false}>
      <Dropdown.Trigger asChild>{trigger}</Dropdown.Trigger>
      <Dropdown.Portal>
        <Dropdown.Content
          className="menu"
          align={align}
          side={side}
          sideOffset={6}
          collisionPadding={8}
          onInteractOutside={() => (wasLeft.current = true)}
          onCloseAutoFocus={onCloseAutoFocus}
        >
          {children}
        </Dropdown.Content>
      </Dropdown.Portal>
    </Dropdown.Root>
  );
}

interface MenuItemProps {
  icon?: ReactNode;
  children: ReactNode;
  onSelect: () => void;
  isDangerous?: boolean;
}

export function MenuItem({ icon, children, onSelect, isDangerous = false }: MenuItemProps) {
  return (
    <Dropdown.Item className={isDangerous ? "menu-item dangerous" : "menu-item"} onSelect={onSelect}>
      <span className="menu-icon" aria-hidden>
        {icon}
      </span>
      <span dir="auto">{children}</span>
    </Dropdown.Item>
  );
}

export const MenuSeparator = () => <Dropdown.Separator className="menu-separator" />;
export const MenuLabel = ({ children }: { children: ReactNode }) => (
  <Dropdown.Label className="menu-label">{children}</Dropdown.Label>
);
