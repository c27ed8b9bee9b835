//! Fills a database with made-up conversations: the same arguments give the same words, ids and dates every time.
//! Everything goes through `Journal::commit`, as everything does.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a task speaks to the person at the terminal")]

mod arguments;
mod conversations;
mod owner;
mod random;
mod words;

use std::error::Error;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use domain::ports::{Journal as _, StorageError};
use domain::{Event, UnitOfWork};
use sqlite::{Settings, Sqlite};

use crate::arguments::Arguments;
use crate::conversations::Generator;

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("seed: {problem}\n{}", arguments::USAGE);
            return ExitCode::from(2);
        }
    };
    match seed(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("seed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn seed(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(&arguments.data_dir)?;
    let storage = Sqlite::open(&Settings::at(&arguments.data_dir.join("colloquy.db")))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let owner = runtime.block_on(owner::find_or_make(&*storage, arguments))?;
    println!("Seeding {} conversations of {}.", arguments.conversations, owner.email);

    let generator = Generator::new(arguments.seed, owner, arguments.messages);
    let (units, ready) = mpsc::sync_channel::<UnitOfWork>(2);
    let conversations = arguments.conversations;
    let writing = thread::spawn(move || {
        // Nobody receives any more where the commits stopped, and whoever stopped them says why.
        generator.units(conversations).all(|unit| units.send(unit).is_ok())
    });
    let mut progress = Progress::start();
    for unit in ready {
        let (messages, conversations) = (count(&unit, is_message), count(&unit, is_conversation));
        runtime.block_on(storage.commit(unit)).map_err(explain)?;
        progress.add(messages, conversations);
    }
    drop(writing.join());
    progress.finish();
    storage.shutdown();
    Ok(())
}

fn explain(error: StorageError) -> Box<dyn Error> {
    match error {
        StorageError::Conflict | StorageError::Rejected(_) => {
            format!("{error}; where this database was seeded before, give another --seed").into()
        }
        StorageError::Unavailable(source) | StorageError::Corrupt(source) => source,
    }
}

fn count(unit: &UnitOfWork, wanted: fn(&Event) -> bool) -> u64 {
    unit.events.iter().map(|event| u64::from(wanted(event))).sum()
}

const fn is_message(event: &Event) -> bool {
    matches!(event, Event::MessagePosted(_))
}

const fn is_conversation(event: &Event) -> bool {
    matches!(event, Event::ConversationCreated(_))
}

/// What is stored so far; prints a line every few seconds.
struct Progress {
    start: Instant,
    printed: Instant,
    messages: u64,
    conversations: u64,
}

impl Progress {
    fn start() -> Self {
        let now = Instant::now();
        Self { start: now, printed: now, messages: 0, conversations: 0 }
    }

    fn add(&mut self, messages: u64, conversations: u64) {
        self.messages += messages;
        self.conversations += conversations;
        if self.printed.elapsed() > Duration::from_secs(5) {
            self.printed = Instant::now();
            println!("  {} conversations, {} messages", self.conversations, self.messages);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    fn finish(self) {
        let seconds = self.start.elapsed().as_secs_f64();
        let rate = self.messages as f64 / seconds;
        println!(
            "Stored {} conversations with {} messages in {seconds:.1} s ({rate:.0} messages/s).",
            self.conversations, self.messages
        );
    }
}
