import type { Attachment } from "./drafts";

/** How large the files of one message may be in all: the server takes 512 KiB, the words included. */
export const MOST_BYTES = 480 * 1024;

export type Refusal = "notice.fileTooLarge" | "notice.fileNotText";

const sizeOf = (part: Attachment) => (part.kind === "image" ? part.url.length : (part.text?.length ?? 0));

/** Reads files: pictures as they are, or smaller where they are large; others as text. Gives why some are left out. */
export async function readFiles(files: Iterable<File>, already: Attachment[]) {
  const read: Attachment[] = [];
  let refusal: Refusal | null = null;
  let room = MOST_BYTES - already.reduce((sum, part) => sum + sizeOf(part), 0);
  for (const file of files) {
    const part = await partOf(file, room);
    if (typeof part === "string") refusal = part;
    else {
      read.push(part);
      room -= sizeOf(part);
    }
  }
  return { read, refusal };
}

async function partOf(file: File, room: number): Promise<Attachment | Refusal> {
  if (file.type.startsWith("image/") && file.type !== "image/svg+xml") {
    const { pictureOf } = await import("./pictures");
    const url = await pictureOf(file, room);
    if (url === null) return "notice.fileNotText";
    return url.length > room ? "notice.fileTooLarge" : { kind: "image", url, media_type: url.slice("data:".length, url.indexOf(";")) };
  }
  if (file.size > room) return "notice.fileTooLarge";
  const text = await textOf(file);
  return text === null ? "notice.fileNotText" : { kind: "file", name: file.name, media_type: file.type || "text/plain", text };
}

async function textOf(file: File): Promise<string | null> {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}
