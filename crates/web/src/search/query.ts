import type { Message, Model, Project, Tag } from "../contract";

/** What a search can be narrowed down by. */
export const FILTERS = ["tag", "project", "pinned", "archived", "before", "after", "role", "model"] as const;
export type FilterName = (typeof FILTERS)[number];

/** A filter as it was typed, such as `tag:garden` or `project:"Spring house"`. */
export interface Filter {
  name: FilterName;
  value: string;
  /** Where it stands in the text. */
  from: number;
  to: number;
}

export interface Query {
  /** What is left to be searched for. */
  words: string;
  filters: Filter[];
}

const PATTERN = new RegExp(String.raw`(?<=^|\s)(${FILTERS.join("|")}):(?:["“]([^"”]*)["”]?|(\S*))(?=\s|$)`, "giu");

/** Takes the filters out of what was typed. A filter that has no value yet counts neither as one nor as a word. */
export function parse(text: string): Query {
  const filters: Filter[] = [];
  const words = text.replaceAll(PATTERN, (whole: string, name: string, quoted: string | undefined, bare: string | undefined, from: number) => {
    const value = (quoted ?? bare ?? "").trim();
    if (value !== "") filters.push({ name: name.toLowerCase() as FilterName, value, from, to: from + whole.length });
    return " ";
  });
  return { words: words.replaceAll(/\s+/g, " ").trim(), filters };
}

/** The text without a filter. */
export function without(text: string, { from, to }: Filter): string {
  return `${text.slice(0, from).trimEnd()} ${text.slice(to).trimStart()}`.trim();
}

/** A filter as somebody would type it. */
export const written = (name: FilterName, value: string): string => `${name}:${/\s/.test(value) ? `"${value}"` : value}`;

/** What names in filters stand for. */
export interface Known {
  tags: Tag[];
  projects: Project[];
  models: Model[];
}

/** What the server is asked: of messages that hold the words, or of conversations where there are none. */
export interface Meaning {
  messages: {
    role?: Message["role"];
    model?: string;
    tag?: string;
    project?: string;
    pinned?: boolean;
    archived?: boolean;
    posted_from?: string;
    posted_before?: string;
  };
  conversations: { tag?: string; project?: string; pinned?: boolean; archived?: boolean; updated_from?: string; updated_before?: string };
  /** Whether a filter is about messages only, so that there must be words. */
  needsWords: boolean;
  /** The filters that say nothing that can be done. */
  wrong: { filter: Filter; reason: Reason }[];
}

export type Reason = "unknownTag" | "unknownProject" | "yesOrNo" | "date" | "role" | "again";

const ANSWERS = new Map([["yes", true], ["true", true], ["no", false], ["false", false]]);
const ROLES = new Map<string, Message["role"]>([["user", "user"], ["me", "user"], ["assistant", "assistant"], ["system", "system"], ["tool", "tool"]]);

/** What filters mean. Each counts once. */
export function meaningOf(filters: Filter[], known: Known): Meaning {
  const meaning: Meaning = { messages: {}, conversations: {}, needsWords: false, wrong: [] };
  const { messages, conversations } = meaning;
  const seen = new Set<FilterName>();
  for (const filter of filters) {
    const { name, value } = filter;
    const refuse = (reason: Reason) => meaning.wrong.push({ filter, reason });
    if (seen.has(name)) {
      refuse("again");
      continue;
    }
    seen.add(name);
    switch (name) {
      case "tag":
      case "project": {
        const id = named(name === "tag" ? known.tags : known.projects, value);
        if (id === undefined) refuse(name === "tag" ? "unknownTag" : "unknownProject");
        else messages[name] = conversations[name] = id;
        break;
      }
      case "pinned":
      case "archived": {
        const answer = ANSWERS.get(value.toLowerCase());
        if (answer === undefined) refuse("yesOrNo");
        else messages[name] = conversations[name] = answer;
        break;
      }
      case "before":
      case "after": {
        const moment = beginning(value);
        if (moment === null) refuse("date");
        else if (name === "before") messages.posted_before = conversations.updated_before = moment;
        else messages.posted_from = conversations.updated_from = moment;
        break;
      }
      case "role": {
        const role = ROLES.get(value.toLowerCase());
        if (role === undefined) refuse("role");
        else messages.role = role;
        meaning.needsWords = true;
        break;
      }
      case "model":
        messages.model = modelCalled(known.models, value);
        meaning.needsWords = true;
        break;
    }
  }
  return meaning;
}

function named(some: { id: string; name: string }[], wanted: string): string | undefined {
  const name = wanted.toLowerCase();
  return some.find((one) => one.name.toLowerCase() === name)?.id;
}

/** Models are called with their provider or without; those that are not offered any more are taken at their word. */
function modelCalled(models: Model[], wanted: string): string {
  const name = wanted.toLowerCase();
  const isIt = ({ id, provider }: Model) => id.toLowerCase() === name || id.slice(provider.length + 1).toLowerCase() === name;
  return models.find(isIt)?.id ?? wanted;
}

/** When a day, a month or a year begins where the person is, as RFC 3339 writes it. */
function beginning(date: string): string | null {
  const [, year, month = "1", day = "1"] = /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?$/.exec(date) ?? [];
  if (year === undefined) return null;
  const moment = new Date(Number(year), Number(month) - 1, Number(day));
  const exists = moment.getMonth() === Number(month) - 1 && moment.getDate() === Number(day);
  return exists ? moment.toISOString() : null;
}
