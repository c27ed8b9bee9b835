import type { Conversation, Page, ThreadMessage } from "../contract";
import type { Person } from "../session/slice";

/** What this device keeps to read without the network. */
export interface Kept {
  person: Person;
  conversations: Conversation[];
}

/** A conversation that was opened: its active branch, as the server would give it. */
export interface KeptThread {
  conversationId: string;
  /** When it was kept last. */
  at: number;
  conversation: Conversation;
  page: Page<ThreadMessage>;
}

export const NAME = "colloquy";
/** Goes up when what is kept has more in it than before. */
const FORM = 2;
const MOST_THREADS = 50;

type Stores = "kept" | "threads";

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Does something in one transaction. The database is closed behind it, so that nothing keeps it from being deleted. */
async function within<T>(mode: IDBTransactionMode, work: (store: (name: Stores) => IDBObjectStore) => Promise<T>): Promise<T> {
  const opening = indexedDB.open(NAME, FORM);
  opening.onupgradeneeded = () => {
    // What an earlier build has kept lacks what this one needs: it is read anew.
    for (const store of Array.from(opening.result.objectStoreNames)) opening.result.deleteObjectStore(store);
    opening.result.createObjectStore("kept");
    opening.result.createObjectStore("threads", { keyPath: "conversationId" }).createIndex("at", "at");
  };
  const database = await done(opening);
  try {
    const transaction = database.transaction(["kept", "threads"], mode);
    const ended = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    const result = await work((name) => transaction.objectStore(name));
    await ended;
    return result;
  } finally {
    database.close();
  }
}

/** What is kept, and of whom. */
export function readKept(): Promise<Kept | null> {
  return within("readonly", async (store) => ((await done(store("kept").get("all"))) as Kept | undefined) ?? null);
}

export function readThread(conversationId: string): Promise<KeptThread | null> {
  return within("readonly", async (store) => ((await done(store("threads").get(conversationId))) as KeptThread | undefined) ?? null);
}

/** The conversations whose threads are kept, the one that was read last first. */
export function readThreads(): Promise<KeptThread[]> {
  return within("readonly", async (store) => {
    const threads = (await done(store("threads").index("at").getAll())) as KeptThread[];
    return threads.reverse();
  });
}

/** Keeps what changed. Of anybody but this person nothing stays. */
export function write(kept: Kept, threads: KeptThread[], gone: string[]): Promise<void> {
  return within("readwrite", async (store) => {
    const before = (await done(store("kept").get("all"))) as Kept | undefined;
    if (before && before.person.id !== kept.person.id) await done(store("threads").clear());
    await done(store("kept").put(kept, "all"));
    for (const thread of threads) await done(store("threads").put(thread));
    for (const id of gone) await done(store("threads").delete(id));
    const keys = await done(store("threads").index("at").getAllKeys());
    for (const id of keys.slice(0, -MOST_THREADS)) await done(store("threads").delete(id));
  });
}
