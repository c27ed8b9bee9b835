//! What somebody is signed in with, in words that they recognise.

use domain::DeviceName;

/// Longer ones are looked at this far.
const MOST_BYTES: usize = 512;

/// What tells browsers, in the order in which it counts: most pretend to be an older one too.
const PROGRAMS: [(&str, &str); 13] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python-", "Python"),
    ("okhttp/", "okhttp"),
];

/// What tells systems.
const SYSTEMS: [(&str, &str); 9] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
    ("X11", "Linux"),
];

/// The device that a `User-Agent` tells of, such as "Firefox on Linux"; `None` where it tells nothing that is known. Only
/// words of this module are given, never words of the header.
pub fn device_name(user_agent: &str) -> Option<DeviceName> {
    let seen = &user_agent.as_bytes()[..user_agent.len().min(MOST_BYTES)];
    let find = |known: &[(&str, &'static str)]| {
        let tells = |sign: &str| seen.windows(sign.len()).any(|window| window == sign.as_bytes());
        known.iter().find(|(sign, _)| tells(sign)).map(|(_, name)| *name)
    };
    let name = match (find(&PROGRAMS), find(&SYSTEMS)) {
        (Some(program), Some(system)) => format!("{program} on {system}"),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) => return None,
    };
    DeviceName::new(&name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named_as_people_know_them() {
        for (user_agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 \
                 Safari/537.36 Edg/142.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.6 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 CriOS/142.0 Mobile/15E148 Safari/604.1",
                "Chrome on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile \
                 Safari/537.36",
                "Chrome on Android",
            ),
            ("curl/8.17.0", "curl"),
            ("Linux", "Linux"),
        ] {
            assert_eq!(device_name(user_agent).as_ref().map(DeviceName::as_str), Some(name), "{user_agent}");
        }
    }

    #[test]
    fn nothing_of_the_header_itself_is_taken() {
        for nothing in ["", "\u{1b}[31m", "<script>alert(1)</script>", "é", &"x".repeat(100_000)] {
            assert_eq!(device_name(nothing), None, "{nothing:.40}");
        }
        let late = format!("{}Firefox/1.0", "é".repeat(300));
        assert_eq!(device_name(&late), None);
        let name = device_name("Firefox/1.0\r\n<b>\u{202e}Linux").map(|name| name.to_string());
        assert_eq!(name.as_deref(), Some("Firefox on Linux"));
    }
}
