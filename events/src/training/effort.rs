//! How hard a set was, how it was done, and what for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rating of perceived exertion, 1 to 10 in halves (Borg CR10 as used in strength training: 10 is a maximal effort).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Rpe(f64);
schema!(Rpe, "Rpe", { "type": "number", "minimum": 1, "maximum": 10, "multipleOf": 0.5, "description": "Rating of perceived exertion, in steps of 0.5." });

impl TryFrom<f64> for Rpe {
    type Error = &'static str;
    fn try_from(rpe: f64) -> Result<Self, Self::Error> {
        if (1.0..=10.0).contains(&rpe) && is_in_halves(rpe) {
            Ok(Self(rpe))
        } else {
            Err("rpe must be 1 to 10 in steps of 0.5")
        }
    }
}
impl From<Rpe> for f64 {
    fn from(rpe: Rpe) -> Self {
        rpe.0
    }
}

/// Repetitions in reserve, 0 to 10 in halves: how many more there could have been.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Rir(f64);
schema!(Rir, "Rir", { "type": "number", "minimum": 0, "maximum": 10, "multipleOf": 0.5, "description": "Repetitions in reserve, in steps of 0.5." });

impl TryFrom<f64> for Rir {
    type Error = &'static str;
    fn try_from(rir: f64) -> Result<Self, Self::Error> {
        if (0.0..=10.0).contains(&rir) && is_in_halves(rir) {
            Ok(Self(rir))
        } else {
            Err("rir must be 0 to 10 in steps of 0.5")
        }
    }
}
impl From<Rir> for f64 {
    fn from(rir: Rir) -> Self {
        rir.0
    }
}

fn is_in_halves(value: f64) -> bool {
    (value * 2.0).fract() == 0.0
}

/// The seconds of lowering, the pause below, lifting and the pause above: `3-1-X-0`. `X` is as fast as possible; each is
/// at most 60.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tempo([Option<u8>; 4]);
schema!(Tempo, "Tempo", { "type": "string", "pattern": "^([0-9]|[1-5][0-9]|60|X)(-([0-9]|[1-5][0-9]|60|X)){3}$", "description": "Seconds of lowering, the pause below, lifting and the pause above, such as `3-1-X-0`; `X` is as fast as possible." });

impl TryFrom<String> for Tempo {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        const FORM: &str = "tempo must be four times of 0 to 60 seconds or X, such as 3-1-X-0";
        let phase = |text: &str| match text {
            "X" => Ok(None),
            _ => match text.parse() {
                // Not `03` or `+3`: what is kept is what was typed.
                Ok(seconds @ 0..=60_u8) if seconds.to_string() == text => Ok(Some(seconds)),
                _ => Err(FORM),
            },
        };
        let phases: Vec<Option<u8>> = text.split('-').map(phase).collect::<Result<_, _>>()?;
        phases.try_into().map(Self).map_err(|_| FORM)
    }
}
impl From<Tempo> for String {
    fn from(tempo: Tempo) -> Self {
        tempo.0.map(|phase| phase.map_or_else(|| "X".to_owned(), |seconds| seconds.to_string())).join("-")
    }
}

/// What a set was for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SetKind {
    /// It sets no record.
    WarmUp,
    #[default]
    Working,
    /// With less load, straight after another.
    Drop,
    /// To failure.
    Failure,
    /// Short rests between a few repetitions each.
    MyoRep,
    /// Not over the whole range: it sets no record.
    Partial,
    /// As many repetitions as possible.
    Amrap,
    /// Held against the load for a time: the one kind of set that has `duration_s` in any exercise.
    Isometric,
}

impl SetKind {
    pub(crate) fn is_working(&self) -> bool {
        *self == Self::Working
    }

    /// Whether a set of this kind can be a personal record.
    pub const fn competes(self) -> bool {
        !matches!(self, Self::WarmUp | Self::Partial)
    }
}
