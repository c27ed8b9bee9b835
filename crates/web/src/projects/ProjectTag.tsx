import { Folder } from "lucide-react";
import { Link } from "wouter";
import { useProjectsQuery } from "../api/api";
import { useAppSelector } from "../store/store";

/** The project that a conversation is in. */
export function ProjectTag({ id }: { id: string }) {
  const isSignedIn = useAppSelector((state) => state.session.status === "signed-in");
  const { data: projects } = useProjectsQuery(undefined, { skip: !isSignedIn });
  const name = projects?.find((project) => project.id === id)?.name;
  if (name === undefined) return null;
  return (
    <Link href={`/projects/${id}`} className="tag project-tag">
      <Folder aria-hidden size={13} />
      <span dir="auto">{name}</span>
    </Link>
  );
}

/** The project that the address of a new conversation names. */
export function projectInAddress(): string | undefined {
  return new URLSearchParams(location.search).get("project") ?? undefined;
}
