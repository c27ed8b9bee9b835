//! The library's types with what we add to them, and its way to the network.

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClientAuthMethod,
    CoreErrorResponseType, CoreGenderClaim, CoreGrantType, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType,
    CoreRevocableToken, CoreRevocationErrorResponse, CoreSubjectIdentifierType,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AdditionalProviderMetadata, Client, EmptyExtraTokenFields, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IdToken, IdTokenClaims, IdTokenFields,
    IdTokenVerifier, ProviderMetadata, StandardErrorResponse, StandardTokenResponse, UserInfoClaims,
};
use outbound::Failure;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

/// What a provider says beyond the claims that have a name in the standard: groups among it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Further(pub Map<String, Value>);

impl AdditionalClaims for Further {}

/// What a provider says about itself beyond the first version of discovery.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FurtherMetadata {
    /// Whether it says who it is when it sends a browser back (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for FurtherMetadata {}

/// What a provider says about itself, with its keys.
pub type Metadata = ProviderMetadata<
    FurtherMetadata,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// What a provider says about somebody who has just signed in there.
pub type Claims = IdTokenClaims<Further, CoreGenderClaim>;
/// The same when it is asked with an access token.
pub type UserInfo = UserInfoClaims<Further, CoreGenderClaim>;
/// A signed statement.
pub type Token =
    IdToken<Further, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
/// What decides whether a statement counts.
pub type Verifier<'a> = IdTokenVerifier<'a, CoreJsonWebKey>;

type Fields = IdTokenFields<
    Further,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

/// What a code is exchanged for.
pub type Tokens = StandardTokenResponse<Fields, CoreTokenType>;

/// A provider as this server talks to it.
pub type Talk = Client<
    Further,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why an answer did not come.
#[derive(Debug, Error)]
pub enum Missing {
    /// The library made a request that cannot be sent.
    #[error("the request cannot be sent: {0}")]
    Request(reqwest::Error),
    /// It was not sent, or not answered.
    #[error(transparent)]
    Answer(#[from] Failure),
}

/// Sends a request of the library.
pub async fn send(client: outbound::Client, request: HttpRequest) -> Result<HttpResponse, Missing> {
    let request = request.try_into().map_err(Missing::Request)?;
    Ok(client.send(request).await?.map(Into::into))
}

/// What went wrong, with everything behind it, in one line.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words.push_str(": ");
            words.push_str(&cause_words);
        }
        next = cause.source();
    }
    words
}
