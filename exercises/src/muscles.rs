//! Muscles: as exercises differ in them, and as sets are counted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, VariantArray};

/// A muscle, as exactly as exercises differ in it. [`Muscle::free_exercise_db`] and [`Muscle::wger`] say what it is elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, Display, VariantArray)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Muscle {
    /// The sternal part of the pectoralis major.
    Chest,
    /// The clavicular part of the pectoralis major.
    UpperChest,
    Serratus,
    FrontDelts,
    SideDelts,
    RearDelts,
    RotatorCuff,
    Lats,
    /// Rhomboids, middle and lower trapezius.
    UpperBack,
    /// The upper trapezius.
    Traps,
    /// Erector spinae.
    LowerBack,
    Neck,
    Biceps,
    Brachialis,
    Triceps,
    Forearms,
    /// Rectus abdominis.
    Abs,
    Obliques,
    HipFlexors,
    Glutes,
    /// Gluteus medius and minimus, tensor fasciae latae.
    Abductors,
    Adductors,
    Quads,
    Hamstrings,
    /// Gastrocnemius.
    Calves,
    Soleus,
    Tibialis,
}

impl Muscle {
    /// What it is counted as.
    pub const fn group(self) -> MuscleGroup {
        match self {
            Self::Chest | Self::UpperChest | Self::Serratus => MuscleGroup::Chest,
            Self::FrontDelts | Self::SideDelts | Self::RearDelts | Self::RotatorCuff => MuscleGroup::Shoulders,
            Self::Lats => MuscleGroup::Lats,
            Self::UpperBack => MuscleGroup::MiddleBack,
            Self::Traps => MuscleGroup::Traps,
            Self::LowerBack => MuscleGroup::LowerBack,
            Self::Neck => MuscleGroup::Neck,
            Self::Biceps | Self::Brachialis => MuscleGroup::Biceps,
            Self::Triceps => MuscleGroup::Triceps,
            Self::Forearms => MuscleGroup::Forearms,
            Self::Abs | Self::Obliques => MuscleGroup::Abdominals,
            Self::HipFlexors | Self::Quads => MuscleGroup::Quadriceps,
            Self::Glutes => MuscleGroup::Glutes,
            Self::Abductors => MuscleGroup::Abductors,
            Self::Adductors => MuscleGroup::Adductors,
            Self::Hamstrings => MuscleGroup::Hamstrings,
            Self::Calves | Self::Soleus | Self::Tibialis => MuscleGroup::Calves,
        }
    }

    /// Its name among the 17 of free-exercise-db.
    pub fn free_exercise_db(self) -> String {
        self.group().to_string().replace('-', " ")
    }

    /// The nearest of the 16 of wger, which has no neck, forearms, rotator cuff, hip flexors, adductors or shin, and of
    /// the deltoid only the front.
    pub const fn wger(self) -> Option<&'static str> {
        Some(match self {
            Self::Chest | Self::UpperChest => "Pectoralis major",
            Self::Serratus => "Serratus anterior",
            Self::FrontDelts | Self::SideDelts | Self::RearDelts => "Anterior deltoid",
            Self::Lats => "Latissimus dorsi",
            Self::UpperBack | Self::Traps => "Trapezius",
            Self::LowerBack => "Erector spinae",
            Self::Biceps => "Biceps brachii",
            Self::Brachialis => "Brachialis",
            Self::Triceps => "Triceps brachii",
            Self::Abs => "Rectus abdominis",
            Self::Obliques => "Obliquus externus abdominis",
            Self::Glutes | Self::Abductors => "Gluteus maximus",
            Self::Quads => "Quadriceps femoris",
            Self::Hamstrings => "Biceps femoris",
            Self::Calves => "Gastrocnemius",
            Self::Soleus => "Soleus",
            Self::RotatorCuff | Self::Neck | Self::Forearms | Self::HipFlexors | Self::Adductors | Self::Tibialis => {
                return None;
            }
        })
    }
}

/// Muscles that a week's sets are counted for as one: the 17 of free-exercise-db.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, Display, VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum MuscleGroup {
    Chest,
    Shoulders,
    Lats,
    MiddleBack,
    Traps,
    LowerBack,
    Neck,
    Biceps,
    Triceps,
    Forearms,
    Abdominals,
    Quadriceps,
    Glutes,
    Abductors,
    Adductors,
    Hamstrings,
    Calves,
}

impl MuscleGroup {
    pub const COUNT: usize = 17;
    /// In the order in which stored tables have them.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Chest,
        Self::Shoulders,
        Self::Lats,
        Self::MiddleBack,
        Self::Traps,
        Self::LowerBack,
        Self::Neck,
        Self::Biceps,
        Self::Triceps,
        Self::Forearms,
        Self::Abdominals,
        Self::Quadriceps,
        Self::Glutes,
        Self::Abductors,
        Self::Adductors,
        Self::Hamstrings,
        Self::Calves,
    ];

    /// Its place in [`MuscleGroup::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_of_a_group_is_its_place_and_each_has_a_muscle() {
        assert!(MuscleGroup::ALL.iter().enumerate().all(|(place, group)| group.index() == place));
        assert!(MuscleGroup::ALL.iter().all(|group| Muscle::VARIANTS.iter().any(|muscle| muscle.group() == *group)));
        assert_eq!(Muscle::UpperBack.free_exercise_db(), "middle back");
    }
}
