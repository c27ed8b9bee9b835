//! What mails say. They are plain text, and never repeat what a stranger typed.

use domain::ports::Mail;
use domain::{Email, WorkspaceName};

use crate::Services;

/// A link and how long it works, in words.
pub(crate) struct Link<'a> {
    pub address: &'a str,
    pub lifetime: &'a str,
}

/// A new password was asked for.
pub(crate) fn forgotten_password(to: &Email, link: &Link<'_>) -> Mail {
    let Link { address, lifetime } = link;
    mail(
        to,
        "Choose a new password",
        format!(
            "Somebody, probably you, asked for a new password for the Colloquy account with this address.\n\n\
         To choose one, open this link. It works once, for {lifetime}:\n\n{address}\n\n\
         If it was not you, do nothing: your password stays as it is."
        ),
    )
}

/// Somebody registered with this address.
pub(crate) fn registration(to: &Email, link: &Link<'_>) -> Mail {
    let Link { address, lifetime } = link;
    mail(
        to,
        "Confirm your address",
        format!(
            "Somebody, probably you, registered at Colloquy with this address.\n\n\
         To confirm that it is yours, open this link and repeat the password that you chose. It works once, for \
         {lifetime}:\n\n{address}\n\n\
         If it was not you, do nothing: without the link there is no account."
        ),
    )
}

/// Somebody registered with the address of an account.
pub(crate) fn has_account(to: &Email, site: &str) -> Mail {
    mail(
        to,
        "You have an account already",
        format!(
            "Somebody, probably you, tried to use this address for a Colloquy account. There is one with it already, so \
         nothing was changed.\n\n\
         To sign in, or to choose a new password if you have forgotten it, go to:\n\n{site}/login\n\n\
         If it was not you, do nothing."
        ),
    )
}

/// An account is to have this address.
pub(crate) fn new_address(to: &Email, link: &Link<'_>) -> Mail {
    let Link { address, lifetime } = link;
    mail(
        to,
        "Confirm your new address",
        format!(
            "You asked to sign in to Colloquy with this address from now on.\n\n\
         To confirm that it is yours, open this link. It works once, for {lifetime}:\n\n{address}\n\n\
         If it was not you, do nothing."
        ),
    )
}

/// An account had this address until now.
pub(crate) fn address_changed(to: &Email) -> Mail {
    mail(
        to,
        "Your address was changed",
        "Your Colloquy account has another e-mail address from now on; this one no \
         longer signs in.\n\n\
         If it was not you, tell your administrator at once."
            .to_owned(),
    )
}

/// An account has a new password.
pub(crate) fn password_changed(to: &Email) -> Mail {
    mail(
        to,
        "Your password was changed",
        "The password of your Colloquy account was changed, and whoever was signed \
         in elsewhere has been signed out.\n\n\
         If it was not you, ask for a new password on the sign-in page, and tell your administrator at once."
            .to_owned(),
    )
}

/// An administrator removed what was asked for beside the password.
pub(crate) fn second_factors_removed(to: &Email) -> Mail {
    mail(
        to,
        "Your second factors were removed",
        "An administrator removed the device, the recovery codes and the passkeys of \
         your Colloquy account, and whoever was signed in has been signed out. Your password is as it was.\n\n\
         If you did not ask for it, tell your administrator at once. Otherwise set up a new device when you have \
         signed in."
            .to_owned(),
    )
}

/// An administrator made an account.
pub(crate) fn activation_mail(services: &Services, to: &Email, address: &str) -> Mail {
    let lifetime = hours(services.settings.identity.invitation_hours);
    activation(to, &Link { address, lifetime: &lifetime })
}

fn activation(to: &Email, link: &Link<'_>) -> Mail {
    let Link { address, lifetime } = link;
    mail(
        to,
        "Your account is ready",
        format!(
            "An administrator has made a Colloquy account for you.\n\n\
         To choose your password, open this link. It works once, for {lifetime}:\n\n{address}"
        ),
    )
}

/// An administrator agreed to an account.
pub(crate) fn let_in(to: &Email, site: &str) -> Mail {
    mail(
        to,
        "Your account may be used",
        format!("An administrator has let you in. You can sign in to Colloquy from now on:\n\n{site}/login"),
    )
}

/// Somebody is invited to a workspace.
pub(crate) fn invitation_mail(
    services: &Services,
    to: &Email,
    workspace: &WorkspaceName,
    address: &str,
) -> Mail {
    let lifetime = hours(services.settings.identity.invitation_hours);
    invitation(to, workspace.as_str(), &Link { address, lifetime: &lifetime })
}

fn invitation(to: &Email, workspace: &str, link: &Link<'_>) -> Mail {
    let Link { address, lifetime } = link;
    mail(
        to,
        "You are invited",
        format!(
            "You are invited to the workspace “{workspace}” on Colloquy.\n\n\
         To join, open this link. It works once, for {lifetime}:\n\n{address}\n\n\
         If you do not know what this is about, do nothing."
        ),
    )
}

/// A time in words.
pub(crate) fn hours(hours: u32) -> String {
    match hours {
        1 => "an hour".to_owned(),
        hours if hours % 24 == 0 && hours > 24 => format!("{} days", hours / 24),
        hours => format!("{hours} hours"),
    }
}

fn mail(to: &Email, subject: &str, text: String) -> Mail {
    Mail { to: to.clone(), subject: format!("Colloquy: {subject}"), text: text + "\n" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stands_alone_on_its_line() {
        let to = Email::new("ada@example.org").expect("the address is valid");
        let link = Link { address: "https://chat.example.org/reset#token=abc", lifetime: &hours(72) };
        for mail in [
            forgotten_password(&to, &link),
            registration(&to, &link),
            new_address(&to, &link),
            activation(&to, &link),
            invitation(&to, "Home", &link),
        ] {
            assert!(mail.text.lines().any(|line| line == link.address), "{}", mail.text);
            assert!(mail.text.contains("3 days") && !mail.text.contains("  "), "{}", mail.text);
        }
    }
}
