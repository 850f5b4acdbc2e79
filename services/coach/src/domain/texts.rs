//! What the coach says, in three languages. A sentence is a template of its language; code fills in the numbers, with
//! the decimal mark of the language and the person's unit. [`rephrased`] judges a text that something else made of it.

mod de;
mod en;
mod es;
mod number;
mod rephrase;
mod words;

pub use plyo_exercises::Language;
use serde::{Deserialize, Serialize};

pub use self::rephrase::{Objection, rephrased};
use super::{
    exercise::Exercises,
    profile::{POUND_KG, Unit},
    reasons::{Code, Explanation, Otherwise, Param, Params, Value},
    safety::Rule,
};

/// How it is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    pub language: Language,
    pub unit: Unit,
}

/// The first line of a recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Headline {
    NextSession,
    NextLoad,
    NextLoadOpen,
    NextHelp,
    FirstTime,
    FirstTimeOpen,
    SetsLeft,
    Substitute,
    Deload,
    WelcomeBack,
    VolumeGap,
    PlateauReps,
    PlateauVariant,
    Routine,
    WeeklyReview,
    CheckEntry,
    NoProposal,
    NothingNow,
    LoggingOnly,
}

/// Anything that is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Headline(Headline),
    Reason(Code),
    Otherwise(Otherwise),
    Rule(Rule),
    /// The 80 % range.
    Range,
}

/// What a language has a template for.
struct Templates {
    headline: fn(Headline) -> &'static str,
    reason: fn(Code) -> &'static str,
    otherwise: fn(Otherwise) -> &'static str,
    rule: fn(Rule) -> &'static str,
    range: &'static str,
}

/// A placeholder of the template has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfilled(pub String);

impl Key {
    /// Everything that can be said.
    pub fn all() -> impl Iterator<Item = Self> {
        let headlines = Headline::ALL.into_iter().map(Self::Headline);
        let reasons = Code::ALL.into_iter().map(Self::Reason);
        let others = Otherwise::ALL.into_iter().map(Self::Otherwise).chain(Rule::ALL.into_iter().map(Self::Rule));
        headlines.chain(reasons).chain(others).chain([Self::Range])
    }

    /// The template: `{load}` is a number or a name, `{sets|set|sets}` a number with the word that agrees with it.
    pub fn template(self, language: Language) -> &'static str {
        let templates = match language {
            Language::En => en::TEMPLATES,
            Language::De => de::TEMPLATES,
            Language::Es => es::TEMPLATES,
        };
        match self {
            Self::Headline(headline) => (templates.headline)(headline),
            Self::Reason(code) => (templates.reason)(code),
            Self::Otherwise(otherwise) => (templates.otherwise)(otherwise),
            Self::Rule(rule) => (templates.rule)(rule),
            Self::Range => templates.range,
        }
    }
}

/// A sentence.
///
/// # Errors
/// When the template has a placeholder that `params` do not fill.
pub fn say(key: Key, params: &Params, style: Style, exercises: &Exercises) -> Result<String, Unfilled> {
    let mut said = String::new();
    let mut rest = key.template(style.language);
    while let Some((before, after)) = rest.split_once('{') {
        let (placeholder, after) = after.split_once('}').ok_or_else(|| Unfilled(after.to_owned()))?;
        said.push_str(before);
        let mut parts = placeholder.split('|');
        let name = parts.next().unwrap_or_default();
        let value = words::param(name).and_then(|param| params.get(&param));
        let value = value.ok_or_else(|| Unfilled(name.to_owned()))?;
        let shown = words::value(value, style, exercises);
        said.push_str(&shown);
        if let (Some(one), Some(many)) = (parts.next(), parts.next()) {
            said.push('\u{a0}');
            said.push_str(if shown == "1" { one } else { many });
        }
        rest = after;
    }
    said.push_str(rest);
    Ok(capitalised(&said))
}

/// A load in the person's unit and language.
pub fn load(kg: f64, style: Style) -> String {
    number::load(kg, style.unit, style.language)
}

/// With a capital letter at the start: a sentence may begin with the name of a muscle.
fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Everything that an explanation says, a sentence each: reasons, safety rules, range, counterfactual.
///
/// # Errors
/// When a template has a placeholder that its params do not fill.
pub fn explain(explanation: &Explanation, style: Style, exercises: &Exercises) -> Result<Vec<String>, Unfilled> {
    let mut sentences = Vec::new();
    for reason in &explanation.reasons {
        sentences.push(say(Key::Reason(reason.code), &reason.params, style, exercises)?);
    }
    // One is enough: the gravest.
    if let Some(rule) = explanation.safety.first() {
        sentences.push(say(Key::Rule(*rule), &Params::new(), style, exercises)?);
    }
    if let Some(range) = explanation.range80_kg {
        let (low, high) = outwards(range, style.unit);
        let range = Params::from([(Param::Load, Value::Load(low)), (Param::OtherLoad, Value::Load(high))]);
        sentences.push(say(Key::Range, &range, style, exercises)?);
    }
    if let Some(counterfactual) = &explanation.counterfactual {
        sentences.push(say(Key::Otherwise(counterfactual.code), &counterfactual.params, style, exercises)?);
    }
    Ok(sentences)
}

/// A range in whole units, or in halves below twenty of them: it is an estimate, and more digits would belie it.
fn outwards((low, high): (f64, f64), unit: Unit) -> (f64, f64) {
    let one = match unit {
        Unit::Kg => 1.0,
        Unit::Lb => POUND_KG,
    };
    let step = if high < 20.0 * one { 0.5 * one } else { one };
    // Pounds are no exact number of kilograms.
    let round = |kg: f64, off: f64, to: fn(f64) -> f64| step * to(kg / step + off);
    (round(low, 1e-6, f64::floor), round(high, -1e-6, f64::ceil))
}

impl Headline {
    pub const ALL: [Self; 19] = [
        Self::NextSession,
        Self::NextLoad,
        Self::NextLoadOpen,
        Self::NextHelp,
        Self::FirstTime,
        Self::FirstTimeOpen,
        Self::SetsLeft,
        Self::Substitute,
        Self::Deload,
        Self::WelcomeBack,
        Self::VolumeGap,
        Self::PlateauReps,
        Self::PlateauVariant,
        Self::Routine,
        Self::WeeklyReview,
        Self::CheckEntry,
        Self::NoProposal,
        Self::NothingNow,
        Self::LoggingOnly,
    ];
}

#[cfg(test)]
mod tests;
