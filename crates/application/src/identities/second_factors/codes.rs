//! The codes themselves: six digits from a shared secret and the time, and recovery codes.

use domain::ports::Ids;
use domain::{Timestamp, TokenHash, UserId};
use totp_rs::{Algorithm, Builder, Totp};

use crate::keyring::Sealed;
use crate::{Error, Services};

/// How many recovery codes a person has.
pub const RECOVERY_CODES: usize = 10;
/// The length of a secret, in bytes: what RFC 4226, section 4, recommends.
const SECRET_BYTES: usize = 20;
/// How long a code lasts, in seconds.
const STEP: u64 = 30;
/// How many steps a device's clock may be ahead or behind.
const SKEW: u16 = 1;
/// How many random bytes a recovery code stands for: nobody guesses 80 bits, throttled or not.
const RECOVERY_BYTES: usize = 10;
/// The digits of recovery codes, 5 bits each; none looks like another.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What a device and the server share.
pub struct Secret([u8; SECRET_BYTES]);

impl Secret {
    /// A new secret.
    pub fn random(ids: &dyn Ids) -> Self {
        let mut bytes = [0; SECRET_BYTES];
        bytes.copy_from_slice(&ids.secret()[..SECRET_BYTES]);
        Self(bytes)
    }

    /// Encrypts it, bound to its person.
    pub fn seal(&self, services: &Services, user_id: UserId) -> Sealed {
        services.keyring.seal(&self.0, &about(user_id), &*services.ports.ids)
    }

    /// Decrypts what is stored for a person.
    ///
    /// # Errors
    /// An internal one: what is stored was damaged, or moved there from somebody else.
    pub async fn unseal(services: &Services, user_id: UserId, sealed: &[u8]) -> Result<Self, Error> {
        Self::from_bytes(services.keyring.read(sealed, &about(user_id)).await.map_err(Error::internal)?)
    }

    /// The bytes, to be sealed.
    pub const fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Bytes that were sealed.
    ///
    /// # Errors
    /// An internal one, when they are too many or too few.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, Error> {
        bytes.try_into().map(Self).map_err(|_| Error::internal("a secret for codes has a wrong length"))
    }

    /// The time step that a code belongs to, where it is one of now, of the step before or of the one after.
    pub fn step_of(&self, code: &str, now: Timestamp) -> Option<u64> {
        let now = u64::try_from(now.seconds()).ok()?;
        self.device("").ok()?.check(&without_spaces(code), now)
    }

    /// The secret for typing in by hand.
    pub fn to_base32(&self) -> Result<String, Error> {
        Ok(self.device("")?.secret().to_base32())
    }

    /// The address that devices read from a picture.
    pub fn to_url(&self, account: &str) -> Result<String, Error> {
        self.device(account)?.to_url().map_err(Error::internal)
    }

    fn device(&self, account: &str) -> Result<Totp, Error> {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_skew(SKEW)
            .with_step_duration(STEP)
            .with_secret(totp_rs::Secret::new_stack(self.0))
            .with_issuer(Some("Colloquy"))
            .with_account_name(account)
            .build()
            .map_err(Error::internal)
    }
}

/// Whether a text has the form of a device's code; people may have put spaces into it.
pub fn is_six_digits(code: &str) -> bool {
    let mut digits = code.chars().filter(|character| !character.is_whitespace());
    digits.by_ref().take(6).filter(char::is_ascii_digit).count() == 6 && digits.next().is_none()
}

/// New recovery codes, such as `4m2x-9kqt-0zya-7bhc`, and the hashes under which they are stored.
pub fn new_recovery_codes(services: &Services) -> (Vec<String>, Vec<TokenHash>) {
    let fresh = || recovery_code(&services.ports.ids.secret());
    let codes: Vec<String> = std::iter::repeat_with(fresh).take(RECOVERY_CODES).collect();
    let hashes = codes.iter().map(|code| hash_of_recovery_code(services, code)).collect();
    (codes, hashes)
}

/// The hash of a recovery code, however somebody wrote it.
pub fn hash_of_recovery_code(services: &Services, code: &str) -> TokenHash {
    services.keyring.hash(&format!("recovery code {}", plainly(code)))
}

fn recovery_code(random: &[u8; 32]) -> String {
    let mut code = String::new();
    let number = random[..RECOVERY_BYTES].iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    for place in 0..RECOVERY_BYTES * 8 / 5 {
        if place > 0 && place % 4 == 0 {
            code.push('-');
        }
        let digit = (number >> (place * 5)) & 31;
        code.push(char::from(ALPHABET[usize::try_from(digit).unwrap_or_default()]));
    }
    code
}

/// A recovery code without what people add or mistake: `I` and `L` are ones, and `O` is a zero.
fn plainly(code: &str) -> String {
    let meant = |character: char| match character.to_ascii_lowercase() {
        'i' | 'l' => '1',
        'o' => '0',
        other => other,
    };
    code.chars().filter(char::is_ascii_alphanumeric).map(meant).collect()
}

fn without_spaces(code: &str) -> String {
    code.chars().filter(|character| !character.is_whitespace()).collect()
}

/// What a sealed secret is bound to: it cannot be moved to somebody else.
fn about(user_id: UserId) -> String {
    format!("totp {user_id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret and the times of RFC 6238, appendix B, whose codes of eight digits end with these six.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = Secret(*b"12345678901234567890");
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
            let step = u64::try_from(seconds / 30).ok();
            for near in [seconds - 30, seconds, seconds + 30] {
                assert_eq!(secret.step_of(code, at(near)), step, "{code} at {near}");
            }
            assert_eq!(secret.step_of(code, at(seconds + 61)), None);
            assert_eq!(secret.step_of(code, at(seconds - 61)), None);
        }
        let now = Timestamp::from_micros(59_000_000);
        assert_eq!(secret.step_of(" 287 082 ", now), Some(1));
        for wrong in ["", "287083", "28708", "2870822", "28708x", "２８７０８２"] {
            assert_eq!(secret.step_of(wrong, now), None, "{wrong:?}");
        }
    }

    #[test]
    fn devices_read_the_secret_from_an_address() {
        let secret = Secret(*b"12345678901234567890");
        let base32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(secret.to_base32().ok().as_deref(), Some(base32));
        let url = secret.to_url("ada@example.org").expect("an address may stand there");
        assert!(url.starts_with("otpauth://totp/Colloquy:ada%40example.org?"), "{url}");
        assert!(url.contains(&format!("secret={base32}")) && url.contains("issuer=Colloquy"), "{url}");
    }

    #[test]
    fn recovery_codes_are_read_as_people_write_them() {
        let code =
            recovery_code(&std::array::from_fn(|index| u8::try_from(index * 37 % 256).unwrap_or_default()));
        assert_eq!(code.len(), 19, "{code}");
        assert_eq!(plainly(&code), code.replace('-', ""));
        assert_eq!(plainly(&code.to_uppercase().replace('-', " ")), plainly(&code));
        assert_eq!(plainly("O1il"), "0111");
        assert!(is_six_digits("123 456") && !is_six_digits("1234567") && !is_six_digits("12345a"));
        assert!(!is_six_digits(&code));
    }
}
