//! What muscles and equipment are called in each language.

use super::{kinds::Equipment, language::Language, muscles::Muscle};

impl Muscle {
    /// What it is called, in lower case but for nouns of German and proper names.
    pub const fn name(self, language: Language) -> &'static str {
        let names = match self {
            Self::Chest => ["chest", "Brust", "pecho"],
            Self::UpperChest => ["upper chest", "obere Brust", "pecho superior"],
            Self::Serratus => ["serratus", "Sägemuskel", "serrato"],
            Self::FrontDelts => ["front delts", "vordere Schulter", "deltoides anterior"],
            Self::SideDelts => ["side delts", "seitliche Schulter", "deltoides lateral"],
            Self::RearDelts => ["rear delts", "hintere Schulter", "deltoides posterior"],
            Self::RotatorCuff => ["rotator cuff", "Rotatorenmanschette", "manguito rotador"],
            Self::Lats => ["lats", "Latissimus", "dorsales"],
            Self::UpperBack => ["upper back", "oberer Rücken", "espalda alta"],
            Self::Traps => ["traps", "Nacken (Trapez)", "trapecios"],
            Self::LowerBack => ["lower back", "unterer Rücken", "zona lumbar"],
            Self::Neck => ["neck", "Hals", "cuello"],
            Self::Biceps => ["biceps", "Bizeps", "bíceps"],
            Self::Brachialis => ["brachialis", "Armbeuger", "braquial"],
            Self::Triceps => ["triceps", "Trizeps", "tríceps"],
            Self::Forearms => ["forearms", "Unterarme", "antebrazos"],
            Self::Abs => ["abs", "Bauch", "abdominales"],
            Self::Obliques => ["obliques", "seitlicher Bauch", "oblicuos"],
            Self::HipFlexors => ["hip flexors", "Hüftbeuger", "flexores de la cadera"],
            Self::Glutes => ["glutes", "Gesäß", "glúteos"],
            Self::Abductors => ["abductors", "Abduktoren", "abductores"],
            Self::Adductors => ["adductors", "Adduktoren", "aductores"],
            Self::Quads => ["quads", "Quadrizeps", "cuádriceps"],
            Self::Hamstrings => ["hamstrings", "Beinbeuger", "isquiotibiales"],
            Self::Calves => ["calves", "Waden", "gemelos"],
            Self::Soleus => ["soleus", "Schollenmuskel", "sóleo"],
            Self::Tibialis => ["tibialis", "Schienbeinmuskel", "tibial anterior"],
        };
        language.of(names)
    }
}

impl Equipment {
    /// What it is called, in lower case but for nouns of German and proper names.
    pub const fn name(self, language: Language) -> &'static str {
        let names = match self {
            Self::Bodyweight => ["body weight", "Körpergewicht", "peso corporal"],
            Self::Barbell => ["barbell", "Langhantel", "barra"],
            Self::EzBar => ["EZ bar", "SZ-Stange", "barra Z"],
            Self::TrapBar => ["trap bar", "Trap-Bar", "barra hexagonal"],
            Self::SafetySquatBar => ["safety squat bar", "Safety-Squat-Bar", "barra de seguridad"],
            Self::Axle => ["axle", "Dickstange", "barra axle"],
            Self::Log => ["log", "Baumstamm", "tronco"],
            Self::Dumbbell => ["dumbbell", "Kurzhantel", "mancuerna"],
            Self::Kettlebell => ["kettlebell", "Kettlebell", "pesa rusa"],
            Self::Plate => ["weight plate", "Hantelscheibe", "disco"],
            Self::Landmine => ["landmine", "Landmine", "landmine"],
            Self::Cable => ["cable", "Kabelzug", "polea"],
            Self::Machine => ["machine", "Maschine", "máquina"],
            Self::SmithMachine => ["Smith machine", "Multipresse", "máquina Smith"],
            Self::Band => ["resistance band", "Widerstandsband", "banda elástica"],
            Self::Chains => ["chains", "Ketten", "cadenas"],
            Self::SuspensionTrainer => ["suspension trainer", "Schlingentrainer", "entrenador en suspensión"],
            Self::Rings => ["rings", "Ringe", "anillas"],
            Self::PullUpBar => ["pull-up bar", "Klimmzugstange", "barra de dominadas"],
            Self::DipBars => ["dip bars", "Dip-Barren", "barras paralelas"],
            Self::Bench => ["bench", "Bank", "banco"],
            Self::Rack => ["rack", "Rack", "rack"],
            Self::Box => ["box", "Kasten", "cajón"],
            Self::MedicineBall => ["medicine ball", "Medizinball", "balón medicinal"],
            Self::StabilityBall => ["stability ball", "Gymnastikball", "pelota suiza"],
            Self::AbWheel => ["ab wheel", "Bauchroller", "rueda abdominal"],
            Self::FoamRoller => ["foam roller", "Faszienrolle", "rodillo de espuma"],
            Self::WristRoller => ["wrist roller", "Handgelenkroller", "rodillo de muñeca"],
            Self::BattleRopes => ["battle ropes", "Battle Ropes", "cuerdas de batalla"],
            Self::ClimbingRope => ["climbing rope", "Kletterseil", "cuerda de trepar"],
            Self::JumpRope => ["jump rope", "Springseil", "comba"],
            Self::Sled => ["sled", "Schlitten", "trineo"],
            Self::Sandbag => ["sandbag", "Sandsack", "saco de arena"],
            Self::Stone => ["stone", "Stein", "piedra"],
            Self::Yoke => ["yoke", "Joch", "yugo"],
            Self::Tyre => ["tyre", "Reifen", "neumático"],
            Self::Keg => ["keg", "Fass", "barril"],
            Self::Sledgehammer => ["sledgehammer", "Vorschlaghammer", "mazo"],
            Self::FarmersHandles => ["farmer's handles", "Farmers-Walk-Griffe", "asas de granjero"],
            Self::Vehicle => ["vehicle", "Fahrzeug", "vehículo"],
            Self::RomanChair => ["Roman chair", "Römischer Stuhl", "silla romana"],
            Self::PunchingBag => ["punching bag", "Boxsack", "saco de boxeo"],
            Self::Treadmill => ["treadmill", "Laufband", "cinta de correr"],
            Self::StationaryBike => ["stationary bike", "Heimtrainer", "bicicleta estática"],
            Self::Bicycle => ["bicycle", "Fahrrad", "bicicleta"],
            Self::RowingMachine => ["rowing machine", "Rudergerät", "máquina de remo"],
            Self::SkiErgometer => ["ski ergometer", "Skiergometer", "ergómetro de esquí"],
            Self::StairClimber => ["stair climber", "Stepper", "escaladora"],
            Self::Elliptical => ["elliptical", "Crosstrainer", "elíptica"],
            Self::ArmErgometer => ["arm ergometer", "Armergometer", "ergómetro de brazos"],
            Self::Skis => ["skis", "Ski", "esquís"],
            Self::Skates => ["skates", "Inline- oder Schlittschuhe", "patines"],
            Self::Boat => ["boat", "Boot", "barco"],
            Self::Pool => ["pool", "Schwimmbecken", "piscina"],
            Self::Backpack => ["backpack", "Rucksack", "mochila"],
        };
        language.of(names)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use strum::VariantArray as _;

    use super::*;

    #[test]
    fn no_two_are_called_the_same() {
        for &language in Language::VARIANTS {
            let muscles: HashSet<_> = Muscle::VARIANTS.iter().map(|muscle| muscle.name(language)).collect();
            assert_eq!(muscles.len(), Muscle::VARIANTS.len(), "{language}");
            let equipment: HashSet<_> = Equipment::VARIANTS.iter().map(|one| one.name(language)).collect();
            assert_eq!(equipment.len(), Equipment::VARIANTS.len(), "{language}");
        }
    }
}
