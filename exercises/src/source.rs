//! The catalogue's files as they are written, and what is said about a mistake in them: file, line, and the valid value
//! that is nearest. The tests read them so; `build.rs` only joins them.

use std::{fmt, ops::Range};

use serde::{Deserialize, de::DeserializeOwned};
use toml::Spanned;

use super::{language::Language, written};

/// A file of exercises.
pub struct Source {
    /// Its path, as a mistake names it.
    pub path: String,
    pub text: String,
    pub exercises: Vec<Written>,
}

/// An exercise with the places of its texts.
pub type Written = written::Written<Spanned<String>>;
type WrittenText = written::WrittenText<Spanned<String>>;

/// What an hour of something costs, as `compendium.toml` has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its form is looked at")]
pub struct Activity {
    /// Of the Compendium of Physical Activities.
    pub code: Spanned<String>,
    /// Multiples of the energy that the body spends at rest.
    pub met: f32,
    pub what: String,
    /// The year of the edition that was compared.
    #[serde(default = "written::newest_edition")]
    pub edition: u16,
}

/// A mistake in a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistake {
    pub path: String,
    /// From 1.
    pub line: usize,
    pub what: String,
    /// What was probably meant.
    pub nearest: Option<String>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)?;
        self.nearest.as_ref().map_or(Ok(()), |nearest| write!(f, "; the nearest is `{nearest}`"))
    }
}

impl Written {
    pub const fn text(&self, language: Language) -> &WrittenText {
        match language {
            Language::En => &self.en,
            Language::De => &self.de,
            Language::Es => &self.es,
        }
    }
}

impl Source {
    /// Reads a file of exercises.
    ///
    /// # Errors
    /// The first mistake in its form: no TOML, a field or a value that there is not, a field that is missing.
    pub fn read(path: &str, text: &str) -> Result<Self, Mistake> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            exercise: Vec<Written>,
        }
        let File { exercise } = parse(path, text)?;
        Ok(Self { path: path.to_owned(), text: text.to_owned(), exercises: exercise })
    }

    /// A mistake at a place of this file.
    pub fn mistake(&self, span: Range<usize>, what: impl Into<String>) -> Mistake {
        Mistake { path: self.path.clone(), line: line_of(&self.text, span.start), what: what.into(), nearest: None }
    }
}

/// Reads `compendium.toml`.
///
/// # Errors
/// The first mistake in its form.
pub fn read_activities(path: &str, text: &str) -> Result<Vec<Activity>, Mistake> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        activity: Vec<Activity>,
    }
    parse(path, text).map(|File { activity }| activity)
}

/// The candidate that is most like a word, however little that is.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |candidate: &&str| strsim::jaro_winkler(word, candidate);
    candidates.into_iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)))
}

fn parse<T: DeserializeOwned>(path: &str, text: &str) -> Result<T, Mistake> {
    toml::from_str(text).map_err(|error| {
        let line = line_of(text, error.span().map_or(0, |span| span.start));
        let what = error.message().lines().collect::<Vec<_>>().join("; ");
        // Serde says "unknown field `primay`, expected one of `slug`, `category`, …".
        let lists = what.split_once(", expected").filter(|_| what.starts_with("unknown"));
        let Some((unknown, candidates)) = lists else {
            return Mistake { path: path.to_owned(), line, what, nearest: None };
        };
        let word = quoted(unknown).next().unwrap_or_default();
        let nearest = nearest(word, quoted(candidates)).map(str::to_owned);
        let what = unknown.to_owned();
        Mistake { path: path.to_owned(), line, what, nearest }
    })
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}
