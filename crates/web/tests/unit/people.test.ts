import { describe, expect, it } from "vitest";
import { EVENTS, auditQuery, eventText } from "../../src/admin/audit";
import { modelsIn, newProvider, providerChanges } from "../../src/admin/providers";
import { changesOwner, rolesFor } from "../../src/admin/roles";
import type { Provider } from "../../src/contract";
import en from "../../src/i18n/more.en.json";
import { begins, wayBack } from "../../src/session/ways";
import { isSameAddress } from "../../src/settings/DataSection";
import { dollars, limitsOf } from "../../src/settings/keys";
import { expiry } from "../../src/sharing/expiry";

const NOW = new Date("2026-11-21T12:00:00Z");
const HERE = "https://chat.example.org";

describe("the way back after signing in", () => {
  it("leads to where somebody wanted to go, with what stood behind the #", () => {
    expect(wayBack("/c/1?leaf=2", HERE, "#3")).toBe("/c/1?leaf=2#3");
    expect(wayBack("/settings#a", HERE, "#b")).toBe("/settings#a");
    expect(wayBack(null, HERE, "#b")).toBe("/");
  });

  it("never leads to another place", () => {
    for (const elsewhere of ["https://evil.example/", "//evil.example/a", "javascript:alert(1)", "\\\\evil.example", "http://["]) {
      expect(wayBack(elsewhere, HERE, ""), elsewhere).toBe("/");
    }
  });

  it("is told to providers", () => {
    expect(begins("corporate sso", "/c/1?a=b")).toBe("/api/v1/auth/oidc/corporate%20sso/begin?next=%2Fc%2F1%3Fa%3Db");
  });
});

describe("the limits of a key", () => {
  it("are none where the form says nothing", () => {
    expect(limitsOf({ requests_per_minute: " ", monthly_budget_microusd: "" }, "never", NOW)).toEqual({
      expires_at: undefined,
      requests_per_minute: undefined,
      monthly_budget_microusd: undefined,
    });
  });

  it("are money in millionths, requests, and days from now", () => {
    expect(limitsOf({ requests_per_minute: "60", monthly_budget_microusd: "12.34" }, "30", NOW)).toEqual({
      expires_at: "2026-12-21T12:00:00.000Z",
      requests_per_minute: 60,
      monthly_budget_microusd: 12_340_000,
    });
    expect(limitsOf({ monthly_budget_microusd: "0" }, "never", NOW).monthly_budget_microusd).toBe(0);
  });

  it("are shown as money", () => {
    expect(dollars(12_340_000, "en")).toBe("$12.34");
  });
});

describe("a link to a conversation", () => {
  it("ends when its maker chose", () => {
    expect(expiry("7", NOW)).toBe("2026-11-28T12:00:00.000Z");
    expect(expiry("never", NOW)).toBeUndefined();
  });
});

describe("a provider's form", () => {
  const before = { name: "local", kind: "ollama", base_url: null, models: [], has_api_key: true } as unknown as Provider;

  it("reads names of models from lines and commas", () => {
    expect(modelsIn(" a, b\n\nc/d \n")).toEqual(["a", "b", "c/d"]);
    expect(modelsIn(" \n,")).toEqual([]);
  });

  it("leaves what is empty to the server", () => {
    expect(newProvider("openai", { name: "o", base_url: " ", api_key: "", models: "" })).toEqual({
      name: "o",
      kind: "openai",
      base_url: undefined,
      api_key: undefined,
      models: [],
    });
  });

  it("touches the stored key only when it is told to", () => {
    const fields = { name: "local", base_url: "", api_key: "", models: "" };
    expect(providerChanges(before, "ollama", fields, false)).not.toHaveProperty("api_key");
    expect(providerChanges(before, "ollama", fields, true).api_key).toBeNull();
    expect(providerChanges(before, "ollama", { ...fields, api_key: "k" }, true).api_key).toBe("k");
    expect(providerChanges(before, "ollama", fields, false).base_url).toBeNull();
  });
});

describe("the audit log", () => {
  it("is narrowed only by what was filled in", () => {
    expect(auditQuery({ name: " session.* ", user: "", since: "2026-11-21T12:00:00Z", until: "" })).toEqual({
      name: "session.*",
      user: undefined,
      since: "2026-11-21T12:00:00.000Z",
      until: undefined,
    });
  });
});

describe("the events of the audit log", () => {
  it("have a text each, and none where this client does not know them", () => {
    for (const [noun, verbs] of Object.entries(EVENTS)) {
      expect(en).toHaveProperty([`event.${noun}`]);
      for (const verb of verbs) expect(en).toHaveProperty([eventText(`${noun}.${verb}`) ?? "?"]);
    }
    expect(eventText("session.invented")).toBeNull();
    expect(eventText("toString.call")).toBeNull();
  });
});

describe("roles", () => {
  it("are asked about where an owner is made or unmade", () => {
    expect(changesOwner("member", "owner")).toBe(true);
    expect(changesOwner("owner", "admin")).toBe(true);
    expect(changesOwner("owner", "owner")).toBe(false);
    expect(changesOwner("member", "admin")).toBe(false);
  });

  it("are never given by somebody below them", () => {
    expect(rolesFor("owner")).toContain("owner");
    expect(rolesFor("admin")).not.toContain("owner");
  });
});

describe("the deletion of an account", () => {
  it("asks for the address, whatever its letters' size", () => {
    expect(isSameAddress(" Ada@Example.org ", "ada@example.org")).toBe(true);
    expect(isSameAddress("", "ada@example.org")).toBe(false);
    expect(isSameAddress("ada@example.com", "ada@example.org")).toBe(false);
  });
});
