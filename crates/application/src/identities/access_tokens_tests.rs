use domain::ports::Clock as _;
use serde_json::{Value, json};
use testing::fakes::{ManualClock, SequentialIds};

use super::*;

const OURS: SecretKeyId = SecretKeyId::from_uuid(uuid::Uuid::from_u128(1));

fn key() -> SigningKey {
    SigningKey { id: OURS, seed: [7; 32] }
}

fn now() -> Timestamp {
    ManualClock::default().now()
}

fn claims() -> Claims {
    let id = SequentialIds::nth;
    let (user, session, workspace) =
        (UserId::from_uuid(id(1)), SessionId::from_uuid(id(2)), WorkspaceId::from_uuid(id(3)));
    Claims::new(user, session, workspace, now(), now().plus(std::time::Duration::from_mins(10)))
}

/// What authenticating does with a token, but for looking its session up.
fn accepted(token: &str) -> Option<Claims> {
    accepted_at(token, now())
}

fn accepted_at(token: &str, now: Timestamp) -> Option<Claims> {
    let key = Some(key()).filter(|key| key_of(token) == Some(key.id))?;
    Claims::verify(token, &key, now)
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token of any header and any claims, rightly signed with our key.
fn forged(header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let pair = Ed25519KeyPair::from_seed_unchecked(&key().seed).expect("a key");
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes())))
}

fn good_header() -> Value {
    json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": OURS })
}

fn good_claims() -> Value {
    serde_json::to_value(claims()).expect("claims are JSON")
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().expect("an object").remove(name);
    object
}

#[test]
fn what_was_signed_is_accepted_until_it_expires() {
    let token = claims().sign(&key()).expect("a token");
    assert_eq!(accepted(&token), Some(claims()));
    assert_eq!(accepted(&forged(&good_header(), &good_claims())), Some(claims()), "the forger works");
    let at = |seconds: i64| Timestamp::from_micros(now().micros() + seconds * 1_000_000);
    for (seconds, counts) in
        [(599, true), (600, false), (601, false), (3_600, false), (-5, true), (-6, false), (-3_600, false)]
    {
        assert_eq!(accepted_at(&token, at(seconds)).is_some(), counts, "{seconds} s later");
    }
    assert_eq!(claims().expires_at(), at(600));
}

#[test]
fn a_header_that_is_not_exactly_ours_is_refused() {
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode([7; 32]) });
    let other = SecretKeyId::from_uuid(uuid::Uuid::from_u128(2));
    for header in [
        with(good_header(), "alg", json!("none")),
        with(good_header(), "alg", json!("NONE")),
        with(good_header(), "alg", json!("")),
        with(good_header(), "alg", json!("HS256")),
        with(good_header(), "alg", json!("RS256")),
        with(good_header(), "alg", json!("ES256")),
        with(good_header(), "alg", json!("Ed25519")),
        with(good_header(), "alg", json!("eddsa")),
        with(good_header(), "alg", json!(["EdDSA"])),
        without(good_header(), "alg"),
        with(good_header(), "kid", json!(other)),
        with(good_header(), "kid", json!("")),
        with(good_header(), "kid", json!("../../dev/null")),
        with(good_header(), "kid", json!("' UNION SELECT 'x")),
        with(good_header(), "kid", json!(1)),
        with(good_header(), "kid", Value::Null),
        without(good_header(), "kid"),
        with(good_header(), "typ", json!("JWT")),
        with(good_header(), "typ", json!("rt+jwt")),
        without(good_header(), "typ"),
        with(good_header(), "jku", json!("https://evil.example/keys")),
        with(good_header(), "jwk", jwk),
        with(good_header(), "x5u", json!("https://evil.example/chain")),
        with(good_header(), "x5c", json!(["MIIB"])),
        with(good_header(), "x5t", json!("abc")),
        with(good_header(), "crit", json!(["exp"])),
        with(good_header(), "crit", json!([])),
        with(with(good_header(), "b64", json!(false)), "crit", json!(["b64"])),
        with(good_header(), "zip", json!("DEF")),
        with(good_header(), "cty", json!("JWT")),
        json!("EdDSA"),
        json!([]),
    ] {
        assert_eq!(accepted(&forged(&header, &good_claims())), None, "{header}");
    }
    let twice = format!(r#"{{"alg":"none","alg":"EdDSA","typ":"at+jwt","kid":"{OURS}"}}"#);
    let token = forged(&good_header(), &good_claims());
    let rest = token.split_once('.').expect("a token").1;
    assert_eq!(accepted(&format!("{}.{rest}", URL_SAFE_NO_PAD.encode(twice))), None);
}

#[test]
fn claims_that_are_not_exactly_ours_are_refused() {
    let iat = now().seconds();
    let mut wrong = vec![
        with(good_claims(), "exp", json!((iat + 600).to_string())),
        with(good_claims(), "exp", serde_json::from_str(&format!("{}.5", iat + 600)).expect("a number")),
        with(good_claims(), "exp", json!(iat + 3_601)),
        with(good_claims(), "exp", json!(i64::MAX)),
        with(good_claims(), "exp", json!(u64::MAX)),
        with(good_claims(), "exp", json!(1e300)),
        with(good_claims(), "exp", json!(iat - 1)),
        with(good_claims(), "exp", json!(-1)),
        with(good_claims(), "exp", json!([iat + 600])),
        with(good_claims(), "iat", json!(iat + 60)),
        with(good_claims(), "iat", json!(i64::MIN)),
        with(good_claims(), "iat", json!("now")),
        with(good_claims(), "aud", json!("another")),
        with(good_claims(), "aud", json!(["colloquy", "another"])),
        with(good_claims(), "aud", json!("")),
        with(good_claims(), "iss", json!("https://evil.example")),
        with(good_claims(), "iss", json!(["colloquy"])),
        with(good_claims(), "sub", json!("root")),
        with(good_claims(), "sid", json!("")),
        with(good_claims(), "role", json!("owner")),
        with(good_claims(), "nbf", json!(iat + 60)),
        json!([]),
    ];
    for name in ["iss", "aud", "sub", "sid", "wid", "iat", "exp"] {
        wrong.push(without(good_claims(), name));
        wrong.push(with(good_claims(), name, Value::Null));
    }
    for claims in wrong {
        assert_eq!(accepted(&forged(&good_header(), &claims)), None, "{claims}");
    }
}

#[test]
fn a_token_that_was_changed_anywhere_is_refused() {
    let token = claims().sign(&key()).expect("a token");
    for place in 0..token.len() {
        assert_eq!(accepted(&token[..place]), None, "cut at {place}");
        let mut changed = token.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("ASCII");
        assert_eq!(accepted(&changed), None, "changed at {place}");
    }
    let [header, payload, signature]: [&str; 3] =
        token.split('.').collect::<Vec<_>>().try_into().expect("three parts");
    for wrong in [
        format!("{token}{token}"),
        format!("{token}.{token}"),
        format!("{token}="),
        format!("{token}."),
        format!(" {token}"),
        format!("{token}\0"),
        format!("{header}.{payload}."),
        format!("{header}.{payload}"),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{payload}.{header}.{signature}"),
        format!("{header}.{payload}.{signature}.{signature}"),
        format!("{header}=.{payload}.{signature}"),
        "..".to_owned(),
        String::new(),
        format!("{header}.{}", "A".repeat(1_000_000)),
    ] {
        assert_eq!(accepted(&wrong), None, "{wrong:.80}");
    }
}

#[test]
fn a_mac_made_with_the_public_key_is_no_signature() {
    let pair = Ed25519KeyPair::from_seed_unchecked(&key().seed).expect("a key");
    let public = pair.public_key().as_ref();
    for secret in [public.to_vec(), URL_SAFE_NO_PAD.encode(public).into_bytes(), Vec::new()] {
        for alg in ["HS256", "EdDSA"] {
            let header = with(good_header(), "alg", json!(alg));
            let message = format!("{}.{}", part(&header), part(&good_claims()));
            let mac =
                ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret), message.as_bytes());
            assert_eq!(accepted(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac))), None, "{alg}");
        }
    }
}

#[test]
fn a_token_of_another_key_is_refused() {
    let another = SigningKey { id: OURS, seed: [8; 32] };
    let token = claims().sign(&another).expect("a token");
    assert_eq!(accepted(&token), None);
}
