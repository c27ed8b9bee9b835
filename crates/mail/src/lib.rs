//! Mail: handing plain text to an SMTP server.

mod settings;
mod smtp;

pub use settings::{Settings, SettingsProblem, Tls};
pub use smtp::Smtp;
