import { at, request } from "../api/request";
import type { Passkey, PasskeyChallenge, SignedIn } from "../contract";

/**
 * Signs in with a passkey. `quietly`: it is offered among what the browser fills in, and nothing opens by itself.
 * Gives `false` when the person chose none.
 */
export async function signInWithPasskey(quietly: AbortSignal | null = null): Promise<boolean> {
  const { state, options } = await request<PasskeyChallenge>({
    method: "POST",
    path: at("/api/v1/auth/passkey/challenge"),
    body: {},
  });
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options as unknown as PublicKeyCredentialRequestOptionsJSON);
  const wanted: CredentialRequestOptions = quietly ? { publicKey, mediation: "conditional", signal: quietly } : { publicKey };
  const credential = await chosen(navigator.credentials.get(wanted));
  if (!credential || quietly?.aborted) return false;
  await request<SignedIn>({
    method: "POST",
    path: at("/api/v1/auth/passkey/login"),
    body: { state, credential: credential.toJSON() },
  });
  return true;
}

/** Has the device make a passkey and adds it to the account; `null` when the person changed their mind. */
export async function addPasskey(name: string, currentPassword: string | undefined): Promise<Passkey | null> {
  const { state, options } = await request<PasskeyChallenge>({
    method: "POST",
    path: at("/api/v1/me/passkeys/challenge"),
    body: { current_password: currentPassword },
  });
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options as unknown as PublicKeyCredentialCreationOptionsJSON);
  const credential = await chosen(navigator.credentials.create({ publicKey }));
  if (!credential) return null;
  return request<Passkey>({
    method: "POST",
    path: at("/api/v1/me/passkeys"),
    body: { state, name, credential: credential.toJSON() },
  });
}

/** What the person chose; nothing where they closed the window of the browser, or where another one took its place. */
async function chosen(asking: Promise<Credential | null>): Promise<PublicKeyCredential | null> {
  try {
    const credential = await asking;
    return credential instanceof PublicKeyCredential ? credential : null;
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}
