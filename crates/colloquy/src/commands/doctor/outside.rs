//! What is asked beside databases and model providers: the mail server, and where people sign in.

use mail::Smtp;

use super::Finding;
use crate::compose::sign_in_providers;
use crate::settings::Settings;

/// Signs in to the mail server, sending nothing, and asks every sign-in provider for its documents.
pub async fn look(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    match Smtp::new(&settings.mail) {
        Ok(None) => {}
        Ok(Some(smtp)) => findings.push(match smtp.check().await {
            Ok(()) => Finding::good("mail server", "takes mail from this server"),
            Err(error) => {
                Finding::bad("mail server", error.to_string(), "Start it, or correct the settings of mail.")
            }
        }),
        Err(problem) => {
            findings.push(Finding::bad("mail server", problem.to_string(), "Correct the setting."));
        }
    }
    findings.extend(sign_in(settings).await);
    findings
}

async fn sign_in(settings: &Settings) -> Vec<Finding> {
    let providers = match sign_in_providers(settings) {
        Ok(providers) => providers,
        Err(failure) => {
            return vec![Finding::bad("sign-in providers", failure.to_string(), "Correct the setting.")];
        }
    };
    let site = settings.server.public_url.as_ref().map_or("http://localhost/", |url| url.as_str());
    let mut findings = Vec::new();
    for provider in providers.list() {
        let subject = format!("sign-in provider {}", provider.name);
        findings.push(match providers.begin(&provider.name, site).await {
            Ok(_) => Finding::good(subject, format!("{} answers", provider.issuer)),
            Err(error) => {
                let advice = format!("Start it, or correct oidc.{}.issuer.", provider.name);
                Finding::bad(subject, format!("{}: {error}", provider.issuer), advice)
            }
        });
    }
    findings
}
