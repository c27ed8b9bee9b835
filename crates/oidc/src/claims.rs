//! From what a provider says to a person.

use domain::ports::ExternalPerson;
use domain::{Email, Role};
use openidconnect::{EndUserEmail, EndUserName, LocalizedClaim};
use serde_json::{Map, Value};

use crate::client::{Claims, UserInfo};
use crate::settings::ProviderSettings;

/// What is wanted to know of a person, as far as one statement says it.
#[derive(Debug, Default)]
pub struct Said {
    email: Option<Email>,
    is_verified: bool,
    name: Option<String>,
    groups: Option<Vec<String>>,
}

impl Said {
    /// What an ID token says.
    pub fn in_token(claims: &Claims, settings: &ProviderSettings) -> Self {
        let further = &claims.additional_claims().0;
        Self::of(claims.email(), claims.email_verified(), claims.name(), further, settings)
    }

    /// What the provider says when it is asked.
    pub fn when_asked(info: &UserInfo, settings: &ProviderSettings) -> Self {
        let further = &info.additional_claims().0;
        Self::of(info.email(), info.email_verified(), info.name(), further, settings)
    }

    fn of(
        email: Option<&EndUserEmail>,
        is_verified: Option<bool>,
        name: Option<&LocalizedClaim<EndUserName>>,
        further: &Map<String, Value>,
        settings: &ProviderSettings,
    ) -> Self {
        Self {
            email: email.and_then(|email| Email::new(email.as_str()).ok()),
            is_verified: is_verified == Some(true),
            name: name.and_then(|name| name.get(None)).map(|name| name.as_str().to_owned()),
            groups: further.get(&settings.groups_claim).map(groups),
        }
    }

    /// Whether the provider has to be asked for the rest.
    pub fn lacks_something(&self, settings: &ProviderSettings) -> bool {
        self.email.is_none() || self.name.is_none() || (!settings.roles.is_empty() && self.groups.is_none())
    }

    /// What one statement does not say, the other does. An address and whether it is verified stay together.
    pub fn or(self, other: Self) -> Self {
        let (email, is_verified) = match self.email {
            Some(email) => (Some(email), self.is_verified),
            None => (other.email, other.is_verified),
        };
        Self { email, is_verified, name: self.name.or(other.name), groups: self.groups.or(other.groups) }
    }

    /// The person.
    pub fn person(self, issuer: String, subject: String, settings: &ProviderSettings) -> ExternalPerson {
        let verified_email = self.email.filter(|_| self.is_verified);
        let is_in_domain = settings.allowed_domains.is_empty()
            || verified_email.as_ref().is_some_and(|email| is_in(email, &settings.allowed_domains));
        ExternalPerson {
            issuer,
            subject,
            verified_email,
            name: self.name,
            role: role(settings, self.groups.as_deref().unwrap_or_default()),
            may_link_by_email: settings.link_by_verified_email && is_in_domain,
            may_register: settings.allow_registration && is_in_domain,
        }
    }
}

/// The role that groups give; `None` where the provider does not decide about roles.
fn role(settings: &ProviderSettings, groups: &[String]) -> Option<Role> {
    if settings.roles.is_empty() {
        return None;
    }
    let given = groups.iter().filter_map(|group| settings.roles.get(group)).copied();
    Some(given.max().unwrap_or(Role::Member))
}

/// Whether an address is in one of some domains. Those below them are others.
fn is_in(email: &Email, domains: &[String]) -> bool {
    let Some((_, domain)) = email.as_str().rsplit_once('@') else { return false };
    domains.iter().any(|allowed| allowed.eq_ignore_ascii_case(domain))
}

/// Groups are a list of names, or one name.
fn groups(claim: &Value) -> Vec<String> {
    match claim {
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(name) => vec![name.clone()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(value: &Value) -> ProviderSettings {
        let mut all = json!({"issuer": "https://login.example.org", "client_id": "c", "client_secret": "s"});
        for (key, value) in value.as_object().into_iter().flatten() {
            all[key] = value.clone();
        }
        serde_json::from_value(all).expect("settings")
    }

    fn said(email: &str, is_verified: bool, groups: Option<&[&str]>) -> Said {
        let groups = groups.map(|groups| groups.iter().map(|&group| group.to_owned()).collect());
        Said { email: Email::new(email).ok(), is_verified, name: None, groups }
    }

    fn person(said: Said, settings: &ProviderSettings) -> ExternalPerson {
        said.person("https://login.example.org".to_owned(), "1".to_owned(), settings)
    }

    #[test]
    fn only_verified_addresses_count() {
        let open = settings(&json!({"allow_registration": true, "link_by_verified_email": true}));
        assert_eq!(person(said("ada@example.org", false, None), &open).verified_email, None);
        let verified = person(said("Ada@Example.org", true, None), &open);
        assert_eq!(
            verified.verified_email.map(|email| email.to_string()).as_deref(),
            Some("ada@example.org")
        );
        assert!(verified.may_register && verified.may_link_by_email);
        // That one statement calls its address verified says nothing about the address of another.
        let both = said("ada@example.org", false, None).or(said("eve@example.org", true, None));
        assert_eq!(person(both, &open).verified_email, None);
    }

    #[test]
    fn only_those_in_the_domains_are_taken_in() {
        let closed = settings(&json!({
            "allow_registration": true, "link_by_verified_email": true, "allowed_domains": ["example.org"],
        }));
        for (email, is_verified, may) in [
            ("ada@example.org", true, true),
            ("ada@EXAMPLE.ORG", true, true),
            ("ada@example.org", false, false),
            ("ada@sub.example.org", true, false),
            ("ada@notexample.org", true, false),
            ("\u{430}da@example.org.evil.net", true, false),
        ] {
            let person = person(said(email, is_verified, None), &closed);
            assert_eq!((person.may_register, person.may_link_by_email), (may, may), "{email}");
        }
    }

    #[test]
    fn the_highest_role_of_the_groups_counts() {
        let mapped = settings(&json!({"roles": {"readers": "viewer", "staff": "member", "it": "admin"}}));
        let role = |groups: Option<&[&str]>| person(said("a@example.org", true, groups), &mapped).role;
        assert_eq!(role(Some(&["staff", "it", "others"])), Some(Role::Admin));
        assert_eq!(role(Some(&["readers"])), Some(Role::Viewer));
        assert_eq!(role(Some(&["IT"])), Some(Role::Member));
        assert_eq!(role(Some(&[])), Some(Role::Member));
        assert_eq!(role(None), Some(Role::Member));
        let unmapped = settings(&json!({}));
        assert_eq!(person(said("a@example.org", true, Some(&["it"])), &unmapped).role, None);
    }

    #[test]
    fn groups_come_in_several_forms() {
        assert_eq!(groups(&json!(["a", 1, "b"])), ["a", "b"]);
        assert_eq!(groups(&json!("a")), ["a"]);
        assert_eq!(groups(&json!({"a": 1})), [""; 0]);
    }
}
