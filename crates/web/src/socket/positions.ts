import type { ServerFrame, SubscriptionRequest } from "../contract";

const ENDS = new Set(["run.completed", "run.failed", "run.cancelled", "run.interrupted"]);

/** How far every channel was read, so that a new connection goes on there. */
export class Positions {
  #places = new Map<string, { epoch: string | null; after: number }>();
  #resuming = new Set<string>();

  /** Takes note of a frame; a run that is over has nothing more to tell. */
  note(frame: ServerFrame): void {
    if (!("channel" in frame) || !frame.channel) return;
    const { channel } = frame;
    const place = this.#places.get(channel);
    if (frame.type === "subscribed") {
      // Of a journal, what follows comes after this position; of a run that starts over, from its beginning.
      const isJournal = !channel.startsWith("run:");
      const isSame = place?.epoch === frame.epoch;
      const after = isSame && place ? place.after : isJournal ? frame.position : 0;
      this.#places.set(channel, { epoch: frame.epoch, after });
    } else if (frame.type === "snapshot") {
      this.#places.set(channel, { epoch: frame.epoch, after: frame.position });
    } else if (frame.type === "unsubscribed" || frame.type === "error" || ENDS.has(frame.type)) {
      this.#places.delete(channel);
    } else if ("position" in frame && place) {
      place.after = Math.max(place.after, frame.position);
    }
  }

  /** Whether a subscription began without going on from anywhere: what happened before it is not known from it. */
  isFresh(frame: ServerFrame): boolean {
    return frame.type === "subscribed" && !this.#resuming.has(frame.channel);
  }

  forget(channel: string): void {
    this.#places.delete(channel);
    this.#resuming.delete(channel);
  }

  clear(): void {
    this.#places.clear();
    this.#resuming.clear();
  }

  /** What to ask for on a new connection. Runs first: a conversation brings along those that were not asked for. */
  requests(wanted: Iterable<string>): SubscriptionRequest[] {
    this.#resuming.clear();
    const runs = [...this.#places.keys()].filter((channel) => channel.startsWith("run:"));
    return [...runs, ...wanted].map((channel) => {
      const place = this.#places.get(channel);
      if (!place?.epoch) return { channel };
      this.#resuming.add(channel);
      return { channel, epoch: place.epoch, after: place.after };
    });
  }
}
