// A real OpenID provider on a free port of this machine, for the end-to-end tests.
//
// The first line on the standard output is {"issuer": "..."}. Nobody types anything: whoever comes next signs in as the
// person that `POST /test/person` named last, as a JSON object of claims with `sub` among them; `null` refuses them.
// CLAIMS_IN_TOKEN=1 puts the claims into the ID token; otherwise they are told to whoever asks with the access token.

import { createServer } from "node:http";
import Provider from "oidc-provider";

const people = new Map();
let next = null;

const server = createServer();
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "colloquy",
      client_secret: process.env.CLIENT_SECRET,
      // Native clients come back to any port of the loopback address (RFC 8252, section 7.3).
      application_type: "native",
      redirect_uris: ["http://127.0.0.1/api/v1/auth/oidc/callback"],
      grant_types: ["authorization_code"],
      response_types: ["code"],
      token_endpoint_auth_method: "client_secret_basic",
    },
  ],
  claims: {
    openid: ["sub"],
    email: ["email", "email_verified"],
    profile: ["name"],
    groups: ["groups"],
  },
  scopes: ["openid", "email", "profile", "groups"],
  conformIdTokenClaims: process.env.CLAIMS_IN_TOKEN !== "1",
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_context, sub) => {
    const claims = people.get(sub);
    return claims && { accountId: sub, claims: () => claims };
  },
  cookies: { keys: ["for tests only"] },
});
const answer = provider.callback();

/** Signs the next person in and agrees to everything for them. */
async function interact(request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (next === null) {
    return provider.interactionFinished(request, response, { error: "access_denied" });
  }
  if (prompt.name === "login") {
    return provider.interactionFinished(request, response, { login: { accountId: next } });
  }
  const known = grantId && (await provider.Grant.find(grantId));
  const grant = known || new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}

async function setPerson(request, response) {
  let body = "";
  for await (const chunk of request) body += chunk;
  const claims = JSON.parse(body);
  next = claims === null ? null : claims.sub;
  if (claims !== null) people.set(claims.sub, claims);
  response.writeHead(204).end();
}

server.on("request", (request, response) => {
  const { pathname } = new URL(request.url, issuer);
  if (pathname === "/test/person") return void setPerson(request, response);
  if (pathname.startsWith("/interaction/")) return void interact(request, response);
  answer(request, response);
});

console.log(JSON.stringify({ issuer }));
