import { useSyncExternalStore } from "react";
import type { PartOf } from "../contract";

/** What goes along with a message: a file as its text, or a picture. */
export type Attachment = PartOf<"file"> | PartOf<"image">;

/** What somebody has typed but not sent. It lives on this device, until it is sent or the person signs out. */
export interface Draft {
  text: string;
  files: Attachment[];
}

/** Where the draft of a conversation that does not exist yet is kept. */
export const NEW = "new";

const PREFIX = "colloquy.draft.";
const empty: Draft = { text: "", files: [] };
const known = new Map<string, Draft>();
const listeners = new Set<() => void>();
let owner = "";

/** Drafts belong to a person: another one on the same device sees none of them. */
export function setDraftOwner(userId: string): void {
  owner = userId;
  known.clear();
  tell();
}

const nameOf = (place: string) => `${PREFIX}${owner}.${place}`;

function tell(): void {
  for (const listener of listeners) listener();
}

export function readDraft(place: string): Draft {
  const draft = known.get(place) ?? stored(place);
  known.set(place, draft);
  return draft;
}

function stored(place: string): Draft {
  try {
    const text = localStorage.getItem(nameOf(place));
    return text ? { ...empty, ...(JSON.parse(text) as Partial<Draft>) } : empty;
  } catch {
    return empty;
  }
}

export function writeDraft(place: string, draft: Draft): void {
  known.set(place, draft);
  try {
    if (draft.text === "" && draft.files.length === 0) localStorage.removeItem(nameOf(place));
    else localStorage.setItem(nameOf(place), JSON.stringify(draft));
  } catch {
    // The device has no room: the draft lives as long as the page.
  }
  tell();
}

export const isEmpty = (draft: Draft) => draft.text.trim() === "" && draft.files.length === 0;

/** Removes everything that this person has typed from the device. */
export function forgetDrafts(): void {
  const names = Object.keys(localStorage).filter((name) => name.startsWith(`${PREFIX}${owner}.`));
  for (const name of names) localStorage.removeItem(name);
  known.clear();
  tell();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useDraft(place: string): [Draft, (draft: Draft) => void] {
  const draft = useSyncExternalStore(subscribe, () => readDraft(place));
  return [draft, (next) => writeDraft(place, next)];
}
