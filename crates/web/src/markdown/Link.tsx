import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ImageIcon } from "lucide-react";
import { Link as Route } from "wouter";
import { addressOf, isInlinePicture } from "./address";

/** A link, where the address can be followed without harm; otherwise its words. */
export function Link({ href, children }: { href: string; children: ReactNode }) {
  const address = addressOf(href);
  if (!address) return <span>{children}</span>;
  if (address.kind === "here") return <Route href={address.path}>{children}</Route>;
  return (
    <a href={address.href} target="_blank" rel="noopener noreferrer nofollow" title={address.href}>
      {children}
    </a>
  );
}

/** A picture that came with the text, or a link to one elsewhere: nothing is fetched from another host by itself. */
export function Picture({ href, alternative }: { href: string; alternative: string }) {
  const { t } = useTranslation();
  if (isInlinePicture(href)) return <img className="picture" src={href} alt={alternative || t("part.picture")} />;
  const address = addressOf(href);
  const words = alternative || t("part.image");
  if (address?.kind !== "elsewhere") return <span className="remote-picture">{words}</span>;
  return (
    <a
      className="remote-picture"
      href={address.href}
      target="_blank"
      rel="noopener noreferrer nofollow"
      title={t("part.openImage", { host: address.host })}
    >
      <ImageIcon aria-hidden size={16} />
      <span>{words}</span>
      <span className="host">{address.host}</span>
    </a>
  );
}
