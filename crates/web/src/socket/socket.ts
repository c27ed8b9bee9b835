import type { ClientFrame, ServerFrame } from "../contract";
import { Positions } from "./positions";

export type ConnectionState = "connecting" | "open" | "lost";

export interface SocketEvents {
  /** `isFresh`: a subscription began, and what happened before it has to be read elsewhere. */
  frame(frame: ServerFrame, isFresh: boolean): void;
  state(state: ConnectionState): void;
  /** The server does not accept the session any more. */
  refused(): void;
  /** A connection could not be made, which a browser does not explain: is the session still good? */
  unexplained(): Promise<"signed-in" | "signed-out" | "unknown">;
}

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;
/** Beyond the server's own interval this silence means that nobody is there. */
const PATIENCE = 15_000;

/** One connection at a time that comes back by itself and resumes every channel where it was. */
export class Socket {
  #socket: WebSocket | null = null;
  #wanted = new Map<string, number>();
  #positions = new Positions();
  #attempts = 0;
  #ids = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setTimeout> | undefined;
  #silence = 25_000;
  #isWanted = false;

  constructor(
    private readonly url: () => string,
    private readonly events: SocketEvents,
  ) {}

  /** Connects, and stays connected until `stop`. */
  start(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    addEventListener("online", this.#hurry);
    document.addEventListener("visibilitychange", this.#wake);
    this.#connect();
  }

  stop(): void {
    this.#isWanted = false;
    removeEventListener("online", this.#hurry);
    document.removeEventListener("visibilitychange", this.#wake);
    clearTimeout(this.#timer);
    this.#drop();
    this.#positions.clear();
    this.#attempts = 0;
  }

  /** Follows a channel until the function that this gives is called. Several may follow the same one. */
  follow(channel: string): () => void {
    const count = this.#wanted.get(channel) ?? 0;
    this.#wanted.set(channel, count + 1);
    if (count === 0) this.#send({ type: "subscribe", id: this.#id(), channel });
    let isFollowed = true;
    return () => {
      if (!isFollowed) return;
      isFollowed = false;
      const left = (this.#wanted.get(channel) ?? 1) - 1;
      if (left > 0) {
        this.#wanted.set(channel, left);
        return;
      }
      this.#wanted.delete(channel);
      this.#positions.forget(channel);
      this.#send({ type: "unsubscribe", id: this.#id(), channel });
    };
  }

  #id(): string {
    this.#ids += 1;
    return String(this.#ids);
  }

  #send(frame: ClientFrame): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.#drop();
    if (!this.#isWanted) return;
    this.events.state(this.#attempts === 0 ? "connecting" : "lost");
    const socket = new WebSocket(this.url());
    this.#socket = socket;
    let wasOpen = false;
    socket.onopen = () => {
      wasOpen = true;
      const subscriptions = this.#positions.requests(this.#wanted.keys());
      this.#send({ type: "hello", id: this.#id(), client: "web/1.0", subscriptions });
    };
    socket.onmessage = (message: MessageEvent<string>) => {
      this.#listen();
      this.#receive(JSON.parse(message.data) as ServerFrame);
    };
    socket.onclose = ({ code }) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      void this.#closed(code, wasOpen);
    };
    this.#listen();
  }

  #receive(frame: ServerFrame): void {
    const isFresh = this.#positions.isFresh(frame);
    this.#positions.note(frame);
    if (frame.type === "welcome") {
      this.#attempts = 0;
      this.#silence = frame.ping_seconds * 1_000;
      this.events.state("open");
    } else if (frame.type === "ping") {
      this.#send({ type: "pong" });
    }
    this.events.frame(frame, isFresh);
  }

  async #closed(code: number, wasOpen: boolean): Promise<void> {
    clearTimeout(this.#watch);
    if (!this.#isWanted) return;
    this.events.state("lost");
    if (code === 4401 || code === 4403) {
      this.#isWanted = false;
      this.stop();
      this.events.refused();
      return;
    }
    if (!wasOpen && (await this.events.unexplained()) === "signed-out") {
      this.stop();
      this.events.refused();
      return;
    }
    if (!this.#isWanted || this.#socket) return;
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#attempts);
    this.#attempts += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), pause * (0.5 + Math.random() / 2));
  }

  /** Notices a connection on which nothing comes any more, as after a sleep. */
  #listen(): void {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => this.#connectAgain(), this.#silence + PATIENCE);
  }

  #connectAgain(): void {
    this.#attempts += 1;
    this.#connect();
  }

  #hurry = (): void => {
    if (!this.#socket || this.#socket.readyState !== WebSocket.OPEN) this.#connect();
  };

  #wake = (): void => {
    if (document.visibilityState !== "visible") return;
    this.#hurry();
    // A machine that slept may hold a connection that is dead: it has to answer soon.
    this.#send({ type: "ping", id: this.#id() });
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => this.#connectAgain(), 5_000);
  };

  #drop(): void {
    clearTimeout(this.#watch);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onclose = null;
    socket.onmessage = null;
    socket.close(1000);
  }
}
