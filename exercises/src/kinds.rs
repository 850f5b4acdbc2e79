//! What an exercise can be: the closed lists that a catalogue file chooses from.

pub use plyo_events::training::Measure;
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

/// What must be at hand. A mat, a wall, a chair or a partner is not counted.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, Display, VariantArray,
)]
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

/// The unit of a band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, Display, VariantArray)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Unit {
    Reps,
    Seconds,
    Metres,
}

impl Unit {
    /// What a band of this measure counts.
    pub const fn of(measure: Measure) -> Self {
        match measure {
            Measure::WeightReps
            | Measure::BodyweightReps
            | Measure::AddedBodyweightReps
            | Measure::AssistedBodyweightReps
            | Measure::Reps => Self::Reps,
            Measure::Duration | Measure::WeightDuration | Measure::DistanceDuration => Self::Seconds,
            Measure::WeightDistance => Self::Metres,
        }
    }
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
