//! One provider: what is known of it, and what it is asked.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use domain::ports::{Clock, ExternalPerson, KeptSignIn, Returned, SignInProviderError};
use openidconnect::core::{CoreAuthenticationFlow, CoreClientAuthMethod, CoreJwsSigningAlgorithm};
use openidconnect::{
    AccessTokenHash, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, UserInfoError,
};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use crate::claims::Said;
use crate::client::{Claims, Metadata, Talk, Token, Tokens, UserInfo, Verifier, send, with_causes};
use crate::settings::ProviderSettings;

/// How long it counts what a provider said about itself.
const FRESH: Duration = Duration::from_mins(10);
/// How long a provider that did not answer is left alone, and how often its keys may be asked for anew.
const PAUSE: Duration = Duration::from_secs(5);
/// How far the clock of a provider may be off.
const CLOCK_SKEW: chrono::TimeDelta = chrono::TimeDelta::seconds(60);
/// The longest name of a person at a provider (`OpenID` Connect Core, section 2).
const MAX_SUBJECT: usize = 255;

/// The signatures that count. Those that a client's secret makes are not among them, whatever a provider says it uses.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// One provider.
pub struct Provider {
    /// Its settings.
    pub settings: ProviderSettings,
    name: String,
    http: outbound::Client,
    clock: Arc<dyn Clock>,
    /// Held while it is asked, so that it is asked once.
    known: Mutex<Known>,
}

/// What is known of a provider.
#[derive(Default)]
struct Known {
    metadata: Option<(Arc<Metadata>, Instant)>,
    failed: Option<(String, Instant)>,
}

impl Provider {
    /// A provider that has not been asked anything.
    pub fn new(
        name: String,
        settings: ProviderSettings,
        http: outbound::Client,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { settings, name, http, clock, known: Mutex::default() }
    }

    /// Where to send a browser, and what is kept meanwhile.
    pub async fn begin(&self, redirect_uri: &str) -> Result<(Url, KeptSignIn), SignInProviderError> {
        let metadata = self.metadata(None).await?;
        let talk = self.talk(&metadata, redirect_uri)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = talk
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scopes(self.settings.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .url();
        let kept = KeptSignIn {
            provider: self.name.clone(),
            redirect_uri: redirect_uri.to_owned(),
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            code_verifier: verifier.into_secret(),
        };
        Ok((url, kept))
    }

    /// Who came back.
    pub async fn finish(
        &self,
        kept: &KeptSignIn,
        returned: &Returned,
    ) -> Result<ExternalPerson, SignInProviderError> {
        let metadata = self.metadata(None).await?;
        check_issuer(&metadata, returned)?;
        let talk = self.talk(&metadata, &kept.redirect_uri)?;
        let tokens = self.exchange(&talk, kept, returned).await?;
        let token = tokens.extra_fields().id_token();
        let token = token.ok_or_else(|| refused("there is no ID token"))?;
        let nonce = Nonce::new(kept.nonce.clone());
        let asked_at = Instant::now();
        let claims = match self.verified(&talk, token, &tokens, &nonce) {
            // It may have new keys.
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                let metadata = self.metadata(Some(asked_at)).await?;
                let talk = self.talk(&metadata, &kept.redirect_uri)?;
                self.verified(&talk, token, &tokens, &nonce)
            }
            outcome => outcome,
        };
        let claims = claims.map_err(|error| refused(with_causes(&error)))?;
        let subject = claims.subject().as_str();
        if subject.is_empty() || subject.len() > MAX_SUBJECT {
            return Err(refused("the name of the person is too long"));
        }
        let mut said = Said::in_token(&claims, &self.settings);
        if said.lacks_something(&self.settings) && metadata.userinfo_endpoint().is_some() {
            let info = self.ask(&talk, &tokens, &claims).await?;
            said = said.or(Said::when_asked(&info, &self.settings));
        }
        let issuer = claims.issuer().as_str().to_owned();
        Ok(said.person(issuer, subject.to_owned(), &self.settings))
    }

    /// The tokens for a code.
    async fn exchange(
        &self,
        talk: &Talk,
        kept: &KeptSignIn,
        returned: &Returned,
    ) -> Result<Tokens, SignInProviderError> {
        let code = AuthorizationCode::new(returned.code.clone());
        let request = talk.exchange_code(code).map_err(|error| away(error.to_string()))?;
        let call = |request| send(self.http.clone(), request);
        let exchanged = request
            .set_pkce_verifier(PkceCodeVerifier::new(kept.code_verifier.clone()))
            .request_async(&call)
            .await;
        exchanged.map_err(|error| match error {
            RequestTokenError::ServerResponse(response) => refused(response.to_string()),
            other => away(with_causes(&other)),
        })
    }

    /// What an ID token says, once everything about it has been checked.
    fn verified(
        &self,
        talk: &Talk,
        token: &Token,
        tokens: &Tokens,
        nonce: &Nonce,
    ) -> Result<Claims, ClaimsVerificationError> {
        let now = self.now();
        let verifier: Verifier<'_> = talk
            .id_token_verifier()
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(move || now - CLOCK_SKEW)
            .set_issue_time_verifier_fn(move |issued_at| {
                let is_past = issued_at <= now + CLOCK_SKEW;
                is_past.then_some(()).ok_or_else(|| "the ID token is from the future".to_owned())
            });
        let claims = token.claims(&verifier, nonce)?;
        if let Some(expected) = claims.access_token_hash() {
            let other = |error: &dyn std::error::Error| ClaimsVerificationError::Other(with_causes(error));
            let algorithm = token.signing_alg().map_err(|error| other(&error))?;
            let key = token.signing_key(&verifier).map_err(|error| other(&error))?;
            let actual = AccessTokenHash::from_token(tokens.access_token(), algorithm, key);
            if actual.map_err(|error| other(&error))? != *expected {
                let words = "the access token does not belong to the ID token";
                return Err(ClaimsVerificationError::Other(words.to_owned()));
            }
        }
        Ok(claims.clone())
    }

    /// What the provider says about the person of an ID token when it is asked.
    async fn ask(
        &self,
        talk: &Talk,
        tokens: &Tokens,
        claims: &Claims,
    ) -> Result<UserInfo, SignInProviderError> {
        let subject = Some(claims.subject().clone());
        let request = talk.user_info(tokens.access_token().clone(), subject);
        let request = request.map_err(|error| away(error.to_string()))?;
        let call = |request| send(self.http.clone(), request);
        request.request_async(&call).await.map_err(|error: UserInfoError<_>| match error {
            UserInfoError::ClaimsVerification(error) => refused(with_causes(&error)),
            other => away(with_causes(&other)),
        })
    }

    fn talk(&self, metadata: &Metadata, redirect_uri: &str) -> Result<Talk, SignInProviderError> {
        let redirect_uri =
            RedirectUrl::new(redirect_uri.to_owned()).map_err(|error| away(error.to_string()))?;
        let secret = ClientSecret::new(self.settings.client_secret.trim().to_owned());
        let client_id = ClientId::new(self.settings.client_id.trim().to_owned());
        let talk = Talk::from_provider_metadata(metadata.clone(), client_id, Some(secret));
        Ok(talk.set_auth_type(auth_type(metadata)).set_redirect_uri(redirect_uri))
    }

    /// What the provider says about itself; asked for anew where that is from before `newer_than`.
    async fn metadata(&self, newer_than: Option<Instant>) -> Result<Arc<Metadata>, SignInProviderError> {
        let mut known = self.known.lock().await;
        if let Some((metadata, asked_at)) = &known.metadata {
            let counts = newer_than.is_none_or(|moment| *asked_at > moment) || asked_at.elapsed() < PAUSE;
            if counts && asked_at.elapsed() < FRESH {
                return Ok(Arc::clone(metadata));
            }
        }
        if let Some((problem, failed_at)) = &known.failed
            && failed_at.elapsed() < PAUSE
        {
            return Err(away(problem.clone()));
        }
        match self.discover().await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                *known = Known { metadata: Some((Arc::clone(&metadata), Instant::now())), failed: None };
                Ok(metadata)
            }
            Err(problem) => {
                tracing::warn!(provider = self.name, problem, "a sign-in provider does not say who it is");
                known.failed = Some((problem.clone(), Instant::now()));
                Err(away(problem))
            }
        }
    }

    async fn discover(&self) -> Result<Metadata, String> {
        let issuer = IssuerUrl::new(self.settings.issuer.clone()).map_err(|error| error.to_string())?;
        let call = |request| send(self.http.clone(), request);
        let metadata = Metadata::discover_async(issuer, &call).await.map_err(|error| with_causes(&error))?;
        let place = metadata.authorization_endpoint().url();
        // What protects the provider's documents has to protect the place where passwords are typed.
        if place.scheme() != "https" && self.settings.issuer.starts_with("https:") {
            return Err("it would have people sign in without https".to_owned());
        }
        if metadata.token_endpoint().is_none() {
            return Err("it does not say where codes are exchanged".to_owned());
        }
        Ok(metadata)
    }

    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        let now: Timestamp = self.clock.now();
        chrono::DateTime::from_timestamp_micros(now.micros()).unwrap_or_default()
    }
}

/// How we prove to a provider who we are: in a header unless it wants it otherwise.
fn auth_type(metadata: &Metadata) -> AuthType {
    let methods = metadata.token_endpoint_auth_methods_supported();
    let takes = |wanted| methods.is_none_or(|methods| methods.contains(&wanted));
    if !takes(CoreClientAuthMethod::ClientSecretBasic) && takes(CoreClientAuthMethod::ClientSecretPost) {
        AuthType::RequestBody
    } else {
        AuthType::BasicAuth
    }
}

/// Whether the browser comes from the provider that it was sent to, and not from another one that got hold of it
/// (RFC 9207, section 2.4).
fn check_issuer(metadata: &Metadata, returned: &Returned) -> Result<(), SignInProviderError> {
    let has_to_say = metadata.additional_metadata().authorization_response_iss_parameter_supported;
    match &returned.issuer {
        Some(issuer) if issuer == metadata.issuer().as_str() => Ok(()),
        Some(_) => Err(refused("the browser comes back from another provider")),
        None if has_to_say => Err(refused("the provider does not say who it is")),
        None => Ok(()),
    }
}

fn refused(problem: impl Into<String>) -> SignInProviderError {
    SignInProviderError::Refused(problem.into())
}

fn away(problem: impl Into<String>) -> SignInProviderError {
    SignInProviderError::Away(problem.into())
}
