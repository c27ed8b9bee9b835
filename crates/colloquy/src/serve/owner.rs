//! The owner whom the settings name, made at the first start.

use application::identities::{NewAccount, Password, found_workspace};
use application::{Code, Services};
use domain::{Email, Role};

use crate::commands::user::display_name;
use crate::failure::Failure;
use crate::settings::{OwnerSettings, read_secret_file};

/// Makes the owner that the settings name where no account exists. Where one does, nothing is read or changed: the file
/// with the password may be gone by then.
pub async fn make_where_there_is_none(services: &Services, settings: &OwnerSettings) -> Result<(), Failure> {
    let (Some(email), Some(password_file)) = (&settings.email, &settings.password_file) else {
        return Ok(());
    };
    if services.ports.identities.any_account().await.map_err(application::Error::from)? {
        return Ok(());
    }
    let unusable = |setting: &str, problem: &dyn std::fmt::Display| {
        Failure::settings(format!("the owner cannot be made: owner.{setting} {problem}"))
    };
    let email = Email::new(email).map_err(|invalid| unusable("email", &invalid))?;
    let display_name = display_name(settings.display_name.as_deref(), &email)
        .map_err(|invalid| unusable("display_name", &invalid))?;
    let password = read_secret_file(password_file).map_err(|problem| unusable("password_file:", &problem))?;
    let password = Password::new(&password)
        .map_err(|rule| unusable("password_file:", &format!("the password in it {rule}")))?;
    let account = NewAccount { email, display_name, role: Role::Owner, password: Some(password) };
    match found_workspace(services, account).await {
        Ok(_) => {
            tracing::info!("made the owner's account from the settings");
            Ok(())
        }
        // Another process was quicker, which is all that is wanted.
        Err(error) if error.code() == Code::Conflict => Ok(()),
        Err(error) => Err(error.into()),
    }
}
