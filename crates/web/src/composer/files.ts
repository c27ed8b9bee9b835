import type { PartOf } from "../contract";

/** How large the files of one message may be in all: a request takes 1 MiB, and JSON escapes some of it. */
export const MOST_BYTES = 600 * 1024;

export type Refusal = "notice.fileTooLarge" | "notice.fileNotText";

/** Reads files as text. Gives those that are text, and why others are left out. */
export async function readFiles(files: Iterable<File>, already: PartOf<"file">[]) {
  const read: PartOf<"file">[] = [];
  let refusal: Refusal | null = null;
  let size = already.reduce((sum, file) => sum + (file.text?.length ?? 0), 0);
  for (const file of files) {
    size += file.size;
    if (size > MOST_BYTES) {
      refusal = "notice.fileTooLarge";
      size -= file.size;
      continue;
    }
    const text = await textOf(file);
    if (text === null) {
      refusal = "notice.fileNotText";
      size -= file.size;
    } else {
      read.push({ kind: "file", name: file.name, media_type: file.type || "text/plain", text });
    }
  }
  return { read, refusal };
}

async function textOf(file: File): Promise<string | null> {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}
