//! German.

use super::{Headline, Templates};
use crate::domain::{
    reasons::{Code, Otherwise},
    safety::Rule,
};

pub(super) const TEMPLATES: Templates =
    Templates { headline, reason, otherwise, rule, range: "In 8 von 10 Fällen werden es {load} bis {other-load}." };

const fn headline(headline: Headline) -> &'static str {
    match headline {
        Headline::NextSession => "Nächstes Training: {exercises}",
        Headline::NextLoad => "{exercise}: {sets} × {reps} mit {load}",
        Headline::NextLoadOpen => "{exercise}: {sets} × {reps}, bei RPE {rpe} aufhören",
        Headline::NextHelp => "{exercise}: {sets} × {reps} mit {load} Hilfe",
        Headline::FirstTime => {
            "Neu: {exercise}. Beginne mit {load} und {reps|Wiederholung|Wiederholungen}, steigere von Satz zu Satz ein wenig, höre bei RPE {rpe} auf und sag uns, wie schwer es war."
        }
        Headline::FirstTimeOpen => {
            "Neu: {exercise}. Beginne leicht, {reps|Wiederholung|Wiederholungen} je Satz, höre bei RPE {rpe} auf und sag uns, wie schwer es war."
        }
        Headline::SetsLeft => "{exercise}: {load} für die übrigen Sätze",
        Headline::Substitute => "{other} statt {exercise}",
        Headline::Deload => "Eine leichtere Woche: {percent} der Sätze, {other-percent} der Last, {days|Tag|Tage} lang",
        Headline::WelcomeBack => "Willkommen zurück: Beginne mit {percent} deiner letzten Lasten und weniger Sätzen",
        Headline::VolumeGap => "{muscle}: {sets|weiterer Satz|weitere Sätze} diese Woche, zum Beispiel {exercise}",
        Headline::PlateauReps => {
            "{exercise}: Versuche eine Zeit lang {reps} bis {other-reps|Wiederholung|Wiederholungen} je Satz"
        }
        Headline::PlateauVariant => "{exercise}: Versuche eine Zeit lang {other}",
        Headline::Routine => "Ein Plan mit {days|Trainingstag|Trainingstagen} pro Woche: {exercises}",
        Headline::WeeklyReview => "Deine Woche: {workouts|Training|Trainings}, {sets|Satz|Sätze}",
        Headline::CheckEntry => "{exercise}: Stimmt die Last von {load}?",
        Headline::NoProposal => "{exercise}: diesmal keine Last von uns",
        Headline::NothingNow => "Zurzeit haben wir nichts vorzuschlagen",
        Headline::LoggingOnly => {
            "Wir führen dein Tagebuch; bitte sprich mit einer Fachperson, bevor du nach unserem Rat trainierst."
        }
    }
}

const fn reason(code: Code) -> &'static str {
    match code {
        Code::RepsTargetMet => {
            "Du hast mit {load} in jedem Satz mindestens {reps|Wiederholung|Wiederholungen} geschafft."
        }
        Code::RpeLow => "Es fühlte sich wie RPE {rpe} an, da war noch Luft.",
        Code::RepsMissed => "Ein Satz mit {load} blieb unter {reps|Wiederholung|Wiederholungen}.",
        Code::RepsMissedTwice => "Zweimal in Folge blieben Sätze unter {reps|Wiederholung|Wiederholungen}.",
        Code::SameAsLastBest => "{load} × {reps} hast du beim letzten Mal gemacht.",
        Code::LastTime => "Beim letzten Mal waren es {load} × {reps}.",
        Code::LighterSets => "Dazu wie gewohnt deine leichteren Sätze: {sets} davor, {other-sets} danach.",
        Code::AtTheLimit => "Es fühlte sich wie RPE {rpe} an, da war nichts mehr übrig.",
        Code::Forecast => {
            "Nach {times|Einheit|Einheiten} zu urteilen, schaffst du wahrscheinlich {load} für {reps|Wiederholung|Wiederholungen}."
        }
        Code::LayoffDays => "Das letzte Mal ist {days|Tag|Tage} her.",
        Code::MuscleReady => "Erholt: {muscle}.",
        Code::MuscleGapWeek => {
            "{muscle}: {sets|Satz|Sätze} in den letzten sieben Tagen, {other-sets} wären ein guter Anfang."
        }
        Code::DuePattern => "Üblicher Abstand bei {exercise}: {days|Tag|Tage}; vergangen: {other-days|Tag|Tage}.",
        Code::DayPattern => "Das machst du {weekday} oft.",
        Code::UsualAfter => "Nach {exercise} machst du meist {other}.",
        Code::UsualSession => "So hast du es schon {times} Mal gemacht.",
        Code::FromWorkouts => "Es stützt sich auf {times|Training|Trainings} von dir.",
        Code::RpeDrift => "Zuletzt fühlte es sich um {rpe} RPE schwerer an als erwartet ({times|Satz|Sätze}).",
        Code::StrengthDown => {
            "Unter deinem üblichen Stand: {times|Übung|Übungen}, gemessen an {workouts|Training|Trainings}."
        }
        Code::LoadRising => "Deine Woche liegt {percent} über dem Mittel der letzten vier.",
        Code::Plateau => {
            "Bei {exercise} hat sich kaum etwas verändert: {times|Einheit|Einheiten}, {weeks|Woche|Wochen}."
        }
        Code::EquipmentSub => "Für {exercise} fehlt dir das Gerät.",
        Code::InjuryAvoid => "Es schont, was du gemeldet hast: {joint}.",
        Code::PainSub => "Du hast uns gesagt, dass {exercise} wehtut.",
        Code::BoredomSub => "Du wolltest Abwechslung von {exercise}.",
        Code::SameMuscle => "Es trainiert denselben Muskel: {muscle}.",
        Code::NoSubstitute => "Nichts anderes, was du hast und machen darfst, trainiert diesen Muskel: {muscle}.",
        Code::ColdStart => "Es ist neu für dich, darum ist das eine vorsichtige Schätzung nach dem, was andere heben.",
        Code::GoalsContradict => {
            "Deine Ziele verlangen verschiedene Wiederholungszahlen; {reps} bis {other-reps} liegt dazwischen."
        }
        Code::UnitDoubt => {
            "{load} weicht weit von deinem Üblichen ab; {other-load} würde passen, falls die Einheit verwechselt wurde."
        }
        Code::NumberDoubt => "{load} × {reps} sieht nicht richtig aus, darum bauen wir nicht darauf.",
        Code::TwoMachines => {
            "Sind das zwei Geräte? Deine letzten Lasten liegen um {load} und um {other-load}; bis wir es wissen, gehen wir vom leichteren aus."
        }
        Code::NotInReps => "{exercise} misst man in Zeit oder Strecke, und dafür haben wir noch keine Vorschläge.",
        Code::UnknownExercise => "Wir wissen zu wenig über {exercise}.",
        Code::NoRpe => "Du notierst keine RPE-Werte, darum nehmen wir zwei Wiederholungen Reserve an.",
        Code::SessionStrong => "Heute läuft es {percent} besser als erwartet.",
        Code::SessionWeak => "Heute läuft es {percent} schlechter als erwartet.",
        Code::DaysPerWeek => "Es passt zu {days|Tag|Tagen} pro Woche.",
        Code::WeekMore => "{percent} mehr Sätze als im Mittel der letzten vier Wochen.",
        Code::WeekLess => "{percent} weniger Sätze als im Mittel der letzten vier Wochen.",
        Code::WeekBest => "Deine Bestleistung: {exercise}, {load} × {reps}.",
        Code::SeeProfessional => "Du hast uns etwas gesagt, das sich zuerst eine Fachperson ansehen sollte.",
    }
}

const fn otherwise(otherwise: Otherwise) -> &'static str {
    match otherwise {
        Otherwise::UpIfAllReps => "Nächstes Mal {load}, wenn jeder Satz {reps|Wiederholung|Wiederholungen} erreicht.",
        Otherwise::DownIfMissed => {
            "Nächstes Mal {load}, wenn ein Satz unter {reps|Wiederholung|Wiederholungen} bleibt."
        }
        Otherwise::FewerRepsIfMissed => {
            "Nächstes Mal weniger Wiederholungen, wenn mit {load} ein Satz unter {reps|Wiederholung|Wiederholungen} bleibt."
        }
        Otherwise::MoreRepsIfMet => {
            "Nächstes Mal eine Wiederholung mehr, wenn mit {load} jeder Satz {reps|Wiederholung|Wiederholungen} erreicht."
        }
        Otherwise::AnotherInstead => "Stattdessen ginge: {other}.",
        Otherwise::AfterClearance => "Sag uns, wenn eine Fachperson zugestimmt hat, dann machen wir weiter.",
        Otherwise::CorrectEntry => "Berichtige den Eintrag oder trage dasselbe noch einmal ein, dann bauen wir darauf.",
        Otherwise::LogIt => "Mach es, wie du es für richtig hältst, und trag es ein: Daraus lernen wir.",
        Otherwise::MoreAfterRamp => "Mehr, sobald du uns sagst, wie schwer der erste Satz war.",
        Otherwise::BackIfRested => "Zurück zu deinen üblichen Sätzen: nach {days|Tag|Tagen}.",
    }
}

const fn rule(rule: Rule) -> &'static str {
    match rule {
        Rule::LogsOnly => "Wir geben keinen Trainingsrat, bevor eine Fachperson zugestimmt hat.",
        Rule::InjuredJoint => "Weggelassen, weil es ein Gelenk belastet, das du gemeldet hast.",
        Rule::Excluded => "Weggelassen, weil es dreimal wehgetan hat.",
        Rule::Implausible => "Die Zahlen sahen nicht richtig aus.",
        Rule::NoCountedLoad => "Für diese Übung nennen wir keine Last.",
        Rule::Child => "Keine Lasten unter 13: Lerne die Bewegung bei jemandem, der sie lehrt.",
        Rule::Youth => "Unter 18 geht Technik vor: mindestens acht Wiederholungen, höchstens RPE 7, unter Aufsicht.",
        Rule::OlderAdult => "Mit Wiederholungen in Reserve und in kleinen Schritten.",
        Rule::FirstTime => "Das erste Mal beginnt leicht.",
        Rule::Reentry => "Schritt für Schritt nach der Pause, die das Gelenk brauchte.",
        Rule::UpperBound => "Nicht über dem, was du wahrscheinlich schaffst.",
        Rule::InReserve => "Mindestens eine Wiederholung bleibt in Reserve.",
        Rule::Jump => "Ein Schritt nach dem anderen.",
        Rule::AfterMiss => "Keine Steigerung nach einem Satz, in dem Wiederholungen fehlten.",
        Rule::AfterPain => "Keine Steigerung, nachdem du Schmerzen gemeldet hast.",
        Rule::AfterHardSet => "Keine Steigerung nach einem Satz am Limit.",
        Rule::LayOff => "Leichter nach der Zeit ohne Training.",
        Rule::Volume => "Für mehr Sätze dieser Muskeln ist in der Woche kein Platz.",
    }
}
