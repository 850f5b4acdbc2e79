//! What an exercise can be: the closed lists that a catalogue file chooses from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, VariantArray};

/// What an exercise belongs to; exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, Display, VariantArray)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Category {
    Strength,
    /// The snatch, the clean and jerk, and what trains them.
    Olympic,
    /// The squat, the bench press and the deadlift of a meet, and their variants.
    Powerlifting,
    /// Jumps and throws.
    Plyometric,
    /// Mixed work for strength and breath, classes.
    Conditioning,
    /// Endurance that is logged by distance and time.
    Cardio,
    /// Moving through a range.
    Mobility,
    /// Holding a position at the end of a range.
    Stretching,
    /// Odd objects and carries.
    Strongman,
}

/// A muscle or a group that is trained as one. [`Muscle::free_exercise_db`] and [`Muscle::wger`] say what it is elsewhere.
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
    /// Its name among the 17 of free-exercise-db.
    pub const fn free_exercise_db(self) -> &'static str {
        match self {
            Self::Chest | Self::UpperChest | Self::Serratus => "chest",
            Self::FrontDelts | Self::SideDelts | Self::RearDelts | Self::RotatorCuff => "shoulders",
            Self::Lats => "lats",
            Self::UpperBack => "middle back",
            Self::Traps => "traps",
            Self::LowerBack => "lower back",
            Self::Neck => "neck",
            Self::Biceps | Self::Brachialis => "biceps",
            Self::Triceps => "triceps",
            Self::Forearms => "forearms",
            Self::Abs | Self::Obliques => "abdominals",
            Self::HipFlexors | Self::Quads => "quadriceps",
            Self::Glutes => "glutes",
            Self::Abductors => "abductors",
            Self::Adductors => "adductors",
            Self::Hamstrings => "hamstrings",
            Self::Calves | Self::Soleus | Self::Tibialis => "calves",
        }
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

/// What must be at hand. A mat, a wall, a chair or a partner is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, Display, VariantArray)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Equipment {
    /// Nothing at all; it stands alone.
    Bodyweight,
    Barbell,
    EzBar,
    TrapBar,
    SafetySquatBar,
    Axle,
    Log,
    Dumbbell,
    Kettlebell,
    Plate,
    Landmine,
    Cable,
    /// With a stack or with plates.
    Machine,
    SmithMachine,
    Band,
    Chains,
    SuspensionTrainer,
    Rings,
    PullUpBar,
    /// Also parallettes.
    DipBars,
    Bench,
    Rack,
    /// Also a step or blocks.
    Box,
    MedicineBall,
    StabilityBall,
    AbWheel,
    FoamRoller,
    WristRoller,
    BattleRopes,
    ClimbingRope,
    JumpRope,
    Sled,
    Sandbag,
    Stone,
    Yoke,
    Tyre,
    Keg,
    Sledgehammer,
    FarmersHandles,
    Vehicle,
    /// A back-extension bench, a glute-ham bench or a captain's chair.
    RomanChair,
    PunchingBag,
    Treadmill,
    StationaryBike,
    Bicycle,
    RowingMachine,
    SkiErgometer,
    StairClimber,
    Elliptical,
    ArmErgometer,
    /// Also a snowboard, and poles.
    Skis,
    Skates,
    Boat,
    Pool,
    Backpack,
}

/// How the body moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, Display, VariantArray)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Pattern {
    Squat,
    Hinge,
    Lunge,
    HorizontalPush,
    VerticalPush,
    HorizontalPull,
    VerticalPull,
    /// A lift with a catch, or the pull towards one.
    OlympicLift,
    /// Also pushing and dragging a sled.
    Carry,
    Rotation,
    /// Holding against a turn or a side bend.
    AntiRotation,
    /// Holding against an arched back.
    AntiExtension,
    /// Crunches, leg raises and side bends.
    TrunkFlexion,
    /// Running, cycling, rowing, swimming: one cycle after the other.
    Gait,
    Jump,
    Throw,
    Isolation,
    Mobility,
    Stretch,
    Conditioning,
}

/// Which way the resistance is overcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, Display, VariantArray)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Force {
    Push,
    Pull,
    Static,
    /// Cyclic or with the whole body.
    Mixed,
}

/// How many joints work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, Display, VariantArray)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Mechanic {
    Compound,
    Isolation,
}

/// What a set is logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, Display, VariantArray)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Measure {
    WeightReps,
    /// The body is the load.
    BodyweightReps,
    /// The body and what is added to it.
    AddedBodyweightReps,
    /// The body less what a machine takes off.
    AssistedBodyweightReps,
    /// A bare count.
    Reps,
    Duration,
    WeightDuration,
    DistanceDuration,
    WeightDistance,
}

impl Measure {
    /// What a band counts.
    pub const fn unit(self) -> Unit {
        match self {
            Self::WeightReps
            | Self::BodyweightReps
            | Self::AddedBodyweightReps
            | Self::AssistedBodyweightReps
            | Self::Reps => Unit::Reps,
            Self::Duration | Self::WeightDuration | Self::DistanceDuration => Unit::Seconds,
            Self::WeightDistance => Unit::Metres,
        }
    }
}

/// The unit of a band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, Display, VariantArray)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Unit {
    Reps,
    Seconds,
    Metres,
}

/// How much practice it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, Display, VariantArray)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Level {
    Beginner,
    Intermediate,
    Advanced,
}
