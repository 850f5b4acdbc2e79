//! The names of exercises.

use serde::{Deserialize, Serialize};

use crate::CustomExerciseId;

/// Slugs that exercises had before, with the ones they have now: those of the catalogue.
///
/// Whatever is read is read as what it is called now, a command of today and an event of long ago alike, so that one exercise
/// has one history. The tests of the catalogue compare the two.
pub const FORMER_SLUGS: &[(&str, &str)] = &[("incline-dumbbell-press", "dumbbell-incline-bench-press")];

/// The name of an exercise, as it is called now: `barbell-back-squat`. One that it had before is read as that.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ExerciseSlug(String);
schema!(ExerciseSlug, "ExerciseSlug", { "type": "string", "pattern": "^[a-z0-9-]{1,64}$", "description": "Slug of an exercise." });

impl ExerciseSlug {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
/// What the slugs of people's own exercises begin with, and no slug of the catalogue does.
const CUSTOM: &str = "custom-";

impl ExerciseSlug {
    /// The slug that somebody's own exercise is logged with.
    pub fn custom(id: CustomExerciseId) -> Self {
        Self(format!("{CUSTOM}{id}"))
    }

    /// Which of somebody's own exercises it is, if it is one.
    pub fn custom_id(&self) -> Option<CustomExerciseId> {
        let id: CustomExerciseId = self.0.strip_prefix(CUSTOM)?.parse().ok()?;
        // Written in one way only.
        (*self == Self::custom(id)).then_some(id)
    }
}

impl TryFrom<String> for ExerciseSlug {
    type Error = &'static str;
    fn try_from(slug: String) -> Result<Self, Self::Error> {
        let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if (1..=64).contains(&slug.len()) && slug.chars().all(valid) {
            let now = FORMER_SLUGS.iter().find(|(former, _)| *former == slug).map(|(_, now)| (*now).to_owned());
            Ok(Self(now.unwrap_or(slug)))
        } else {
            Err("an exercise slug must be 1 to 64 characters of a-z, 0-9 and -")
        }
    }
}
impl From<ExerciseSlug> for String {
    fn from(slug: ExerciseSlug) -> Self {
        slug.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exercise_of_ones_own_has_a_slug_of_its_own() {
        let id = CustomExerciseId::mint();
        let slug = ExerciseSlug::try_from(String::from(ExerciseSlug::custom(id))).unwrap();
        assert_eq!(slug.custom_id(), Some(id));
        let read = |text: &str| ExerciseSlug::try_from(text.to_owned()).unwrap().custom_id();
        for other in ["plank", "custom-", "custom-plank", &format!("custom-{}", id.uuid().simple()), &id.to_string()] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn a_former_slug_is_read_as_the_one_of_now() {
        for (former, now) in FORMER_SLUGS {
            let read: ExerciseSlug = serde_json::from_value((*former).into()).unwrap();
            assert_eq!(read.as_str(), *now);
            assert_eq!(ExerciseSlug::try_from((*now).to_owned()), Ok(read));
        }
    }
}
