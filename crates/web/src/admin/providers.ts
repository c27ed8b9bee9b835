import type { CreateProvider, Provider, UpdateProvider } from "../contract";

export const KINDS = ["openai-compatible", "openai", "ollama", "mistral"] as const;
/** Which protocol a provider speaks. */
export type Kind = (typeof KINDS)[number];

/** The names of models in a text: one a line, or with commas between them. */
export function modelsIn(text: string): string[] {
  return text.split(/[\n,]/).map((name) => name.trim()).filter((name) => name !== "");
}

/** A new provider, as its form has it; what is empty is left to the server. */
export function newProvider(kind: Kind, fields: Record<string, string>): CreateProvider {
  return {
    name: fields["name"] ?? "",
    kind,
    base_url: fields["base_url"]?.trim() || undefined,
    api_key: fields["api_key"] || undefined,
    models: modelsIn(fields["models"] ?? ""),
  };
}

/** What a form changes of a provider. An empty key leaves the stored one, unless it is to be forgotten. */
export function providerChanges(before: Provider, kind: string, fields: Record<string, string>, forgetsKey: boolean): UpdateProvider {
  const key = fields["api_key"] ?? "";
  return {
    name: fields["name"] ?? before.name,
    kind,
    base_url: fields["base_url"]?.trim() || null,
    models: modelsIn(fields["models"] ?? ""),
    ...(key !== "" ? { api_key: key } : forgetsKey ? { api_key: null } : {}),
  };
}
