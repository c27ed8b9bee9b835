use std::sync::Arc;

use parking_lot::Mutex;
use tracing::Level;
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;

/// Everything that was written, one entry a call: a line must never come in pieces.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<String>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().push(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn lines(render: Render, work: impl FnOnce()) -> Vec<String> {
    let written = Written::default();
    let writer = written.clone();
    let capture = Capture::new(move || writer.clone(), render);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(capture), work);
    std::mem::take(&mut *written.0.lock())
}

fn json(work: impl FnOnce()) -> Vec<Value> {
    let parse = |line: String| {
        assert_eq!(line.find('\n'), Some(line.len() - 1), "exactly one line: {line:?}");
        assert!(!line.trim_end().contains(|c: char| c.is_control()), "no control character: {line:?}");
        serde_json::from_str(&line).expect("a line is a JSON object")
    };
    lines(Render::Json, work).into_iter().map(parse).collect()
}

#[test]
fn a_name_with_line_breaks_and_escape_codes_is_one_json_line() {
    let name = "Eve\r\n{\"level\":\"INFO\"}\u{1b}[2J\u{7f}\u{9b}31m\u{2028}";
    let logged = json(|| tracing::info!(name, "signed in: {name}"));
    assert_eq!(logged.len(), 1);
    assert_eq!(logged[0]["name"], name);
    assert_eq!(logged[0]["message"], format!("signed in: {name}"));
}

#[test]
fn a_name_with_line_breaks_and_escape_codes_is_one_line_on_a_terminal() {
    let name = "Eve\r\n\u{1b}[2J\u{9b}31m";
    let logged = lines(Render::Pretty { colours: false }, || tracing::info!(name, "signed in: {name}"));
    assert_eq!(logged.len(), 1);
    assert!(!logged[0].trim_end().contains(|c: char| c.is_control()), "{logged:?}");
    assert!(logged[0].contains(r"Eve\r\n\u{1b}[2J\u{9b}31m"), "{logged:?}");
}

#[test]
fn fields_of_spans_are_flat_and_the_innermost_wins() {
    let logged = json(|| {
        let request =
            tracing::info_span!("request", request_id = "r1", status = tracing::field::Empty, step = 1);
        let _request = request.enter();
        let _handler = tracing::info_span!("handler", step = 2).entered();
        request.record("status", 201);
        tracing::warn!(step = 3, "done");
        tracing::info!("again");
    });
    assert_eq!(logged[0]["request_id"], "r1");
    assert_eq!(logged[0]["status"], 201);
    assert_eq!(logged[0]["step"], 3);
    assert_eq!(logged[0]["level"], "WARN");
    assert_eq!(logged[0]["message"], "done");
    assert_eq!(logged[0]["target"], module_path!());
    assert_eq!(logged[1]["step"], 2);
}

#[test]
fn a_field_cannot_pretend_to_be_the_time_or_the_level() {
    let logged = json(|| tracing::error!(level = "INFO", timestamp = 0, target = "other", "failed"));
    assert_eq!(logged[0]["level"], "ERROR");
    assert_eq!(logged[0]["fields.level"], "INFO");
    assert_ne!(logged[0]["timestamp"], 0);
    assert_eq!(logged[0]["target"], module_path!());
}

#[test]
fn secrets_do_not_reach_the_log() {
    let work = || {
        let _span = tracing::info_span!("request", authorization = "Bearer aaaaaaaaaaaa").entered();
        tracing::info!(password = "aaaaaaaaaaaa", header = ?("X-Api-Key", "clq_aaaaaaaaaaaa"), "clq_aaaaaaaaaaaa");
    };
    for render in [Render::Json, Render::Pretty { colours: false }] {
        let logged = lines(render, work).concat();
        assert!(!logged.contains("aaaaaaaaaaaa"), "{logged}");
        assert_eq!(logged.matches(redact::MASK).count(), 4, "{logged}");
    }
}

#[test]
fn an_error_is_logged_with_its_causes() {
    #[derive(Debug, thiserror::Error)]
    #[error("cannot start")]
    struct Outer(#[source] std::io::Error);
    let error = Outer(std::io::Error::other("the disk is full"));
    let logged = json(|| tracing::error!(error = &error as &(dyn Error + 'static), "failed"));
    assert_eq!(logged[0]["error"], "cannot start: the disk is full");
}

#[test]
fn values_are_bounded_and_numbers_stay_numbers() {
    let long = "é".repeat(LONGEST_VALUE);
    let logged =
        json(|| tracing::event!(Level::INFO, long, whole = -1_i64, half = 0.5, none = f64::NAN, yes = true));
    assert!(logged[0]["long"].as_str().is_some_and(|text| text.len() <= LONGEST_VALUE + '…'.len_utf8()));
    assert_eq!(logged[0]["whole"], -1);
    assert_eq!(logged[0]["half"], 0.5);
    assert_eq!(logged[0]["none"], "NaN");
    assert_eq!(logged[0]["yes"], true);
}
