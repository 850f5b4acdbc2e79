//! Spanish.

use super::{Headline, Templates};
use crate::domain::{
    reasons::{Code, Otherwise},
    safety::Rule,
};

pub(super) const TEMPLATES: Templates =
    Templates { headline, reason, otherwise, rule, range: "En 8 de cada 10 casos será entre {load} y {other-load}." };

const fn headline(headline: Headline) -> &'static str {
    match headline {
        Headline::NextSession => "Próximo entrenamiento: {exercises}",
        Headline::NextLoad => "{exercise}: {sets} × {reps} con {load}",
        Headline::NextLoadOpen => "{exercise}: {sets} × {reps}, para en RPE {rpe}",
        Headline::NextHelp => "{exercise}: {sets} × {reps} con {load} de ayuda",
        Headline::FirstTime => {
            "Nuevo: {exercise}. Empieza con {load} y {reps|repetición|repeticiones}, sube un poco en cada serie, para en RPE {rpe} y dinos cuánto te costó."
        }
        Headline::FirstTimeOpen => {
            "Nuevo: {exercise}. Empieza ligero, {reps|repetición|repeticiones} por serie, para en RPE {rpe} y dinos cuánto te costó."
        }
        Headline::SetsLeft => "{exercise}: {load} para las series que quedan",
        Headline::Substitute => "{other} en lugar de {exercise}",
        Headline::Deload => {
            "Una semana más suave: {percent} de las series, {other-percent} de la carga, durante {days|día|días}"
        }
        Headline::WelcomeBack => "Qué bueno verte de nuevo: empieza con {percent} de tus últimas cargas y menos series",
        Headline::VolumeGap => "{muscle}: {sets|serie más|series más} esta semana, por ejemplo {exercise}",
        Headline::PlateauReps => {
            "{exercise}: prueba un tiempo con {reps} a {other-reps|repetición|repeticiones} por serie"
        }
        Headline::PlateauVariant => "{exercise}: prueba un tiempo con {other}",
        Headline::Routine => "Un plan de {days|día|días} por semana: {exercises}",
        Headline::WeeklyReview => "Tu semana: {workouts|entrenamiento|entrenamientos}, {sets|serie|series}",
        Headline::CheckEntry => "{exercise}: ¿es correcto {load}?",
        Headline::NoProposal => "{exercise}: esta vez no proponemos carga",
        Headline::NothingNow => "Por ahora no tenemos nada que proponer",
        Headline::LoggingOnly => {
            "Guardamos tu diario; habla con un profesional antes de entrenar con nuestros consejos."
        }
    }
}

const fn reason(code: Code) -> &'static str {
    match code {
        Code::RepsTargetMet => "Hiciste {reps|repetición|repeticiones} o más en cada serie con {load}.",
        Code::RpeLow => "Lo sentiste como RPE {rpe}: quedaba margen.",
        Code::RepsMissed => "Una serie con {load} no llegó a {reps|repetición|repeticiones}.",
        Code::RepsMissedTwice => "Dos veces seguidas hubo series que no llegaron a {reps|repetición|repeticiones}.",
        Code::SameAsLastBest => "{load} × {reps} es lo que hiciste la última vez.",
        Code::LastTime => "La última vez hiciste {load} × {reps}.",
        Code::LighterSets => "Y, como siempre, tus series más ligeras: {sets} antes, {other-sets} después.",
        Code::AtTheLimit => "Lo sentiste como RPE {rpe}: no quedaba nada.",
        Code::Forecast => {
            "Según tu historial ({times|sesión|sesiones}), lo esperable es {load} para {reps|repetición|repeticiones}."
        }
        Code::LayoffDays => "La última vez fue hace {days|día|días}.",
        Code::MuscleReady => "Descansado: {muscle}.",
        Code::MuscleGapWeek => {
            "{muscle}: {sets|serie|series} en los últimos siete días; {other-sets} serían un buen comienzo."
        }
        Code::DuePattern => "Intervalo habitual de {exercise}: {days|día|días}; transcurrido: {other-days|día|días}.",
        Code::DayPattern => "Es lo que sueles hacer {weekday}.",
        Code::UsualAfter => "Después de {exercise} sueles hacer {other}.",
        Code::UsualSession => "Ya lo hiciste así {times|vez|veces}.",
        Code::FromWorkouts => "Se basa en {times|entrenamiento tuyo|entrenamientos tuyos}.",
        Code::RpeDrift => "Últimamente costó {rpe} RPE más de lo esperado ({times|serie|series}).",
        Code::StrengthDown => {
            "Por debajo de tu nivel habitual: {times|ejercicio|ejercicios}, según {workouts|entrenamiento|entrenamientos}."
        }
        Code::LoadRising => "Tu semana está {percent} por encima de la media de las últimas cuatro.",
        Code::Plateau => "{exercise} apenas ha cambiado: {times|sesión|sesiones}, {weeks|semana|semanas}.",
        Code::EquipmentSub => "Para {exercise} te falta el equipo.",
        Code::InjuryAvoid => "Cuida lo que nos contaste: {joint}.",
        Code::PainSub => "Nos dijiste que {exercise} te duele.",
        Code::BoredomSub => "Querías variar de {exercise}.",
        Code::SameMuscle => "Entrena el mismo músculo: {muscle}.",
        Code::NoSubstitute => "No hay otro ejercicio a tu alcance que entrene este músculo: {muscle}.",
        Code::ColdStart => "Es nuevo para ti, así que es una estimación prudente según lo que levantan otros.",
        Code::GoalsContradict => "Tus objetivos piden repeticiones distintas; de {reps} a {other-reps} queda en medio.",
        Code::UnitDoubt => "{load} se aleja mucho de lo habitual; {other-load} encajaría si se confundió la unidad.",
        Code::NumberDoubt => "{load} × {reps} no parece correcto, así que no nos basamos en ello.",
        Code::TwoMachines => {
            "¿Son dos máquinas? Tus últimas cargas rondan {load} y {other-load}; hasta saberlo partimos de la más ligera."
        }
        Code::NotInReps => "{exercise} se mide en tiempo o distancia, y para eso todavía no tenemos propuestas.",
        Code::UnknownExercise => "Sabemos muy poco de {exercise}.",
        Code::NoRpe => "No anotas el RPE, así que suponemos dos repeticiones en reserva.",
        Code::SessionStrong => "Hoy va {percent} mejor de lo esperado.",
        Code::SessionWeak => "Hoy va {percent} peor de lo esperado.",
        Code::DaysPerWeek => "Encaja con {days|día|días} por semana.",
        Code::WeekMore => "{percent} más series que la media de tus últimas cuatro semanas.",
        Code::WeekLess => "{percent} menos series que la media de tus últimas cuatro semanas.",
        Code::WeekBest => "Tu mejor marca: {exercise}, {load} × {reps}.",
        Code::SeeProfessional => "Nos contaste algo que primero debería ver un profesional.",
    }
}

const fn otherwise(otherwise: Otherwise) -> &'static str {
    match otherwise {
        Otherwise::UpIfAllReps => "{load} la próxima vez si cada serie llega a {reps|repetición|repeticiones}.",
        Otherwise::DownIfMissed => "{load} la próxima vez si una serie no llega a {reps|repetición|repeticiones}.",
        Otherwise::FewerRepsIfMissed => {
            "Menos repeticiones la próxima vez si con {load} una serie no llega a {reps|repetición|repeticiones}."
        }
        Otherwise::MoreRepsIfMet => {
            "Una repetición más la próxima vez si con {load} cada serie llega a {reps|repetición|repeticiones}."
        }
        Otherwise::AnotherInstead => "En su lugar puedes hacer esto: {other}.",
        Otherwise::AfterClearance => "Dinos cuándo lo ha aprobado un profesional y seguimos desde ahí.",
        Otherwise::CorrectEntry => "Corrige la anotación o vuelve a anotar lo mismo, y lo tendremos en cuenta.",
        Otherwise::LogIt => "Hazlo como te parezca y anótalo: aprendemos de ello.",
        Otherwise::MoreAfterRamp => "Más, en cuanto nos digas cuánto costó la primera serie.",
        Otherwise::BackIfRested => "Vuelta a tus series habituales después de {days|día|días}.",
    }
}

const fn rule(rule: Rule) -> &'static str {
    match rule {
        Rule::LogsOnly => "No damos consejos de entrenamiento antes de que un profesional lo apruebe.",
        Rule::InjuredJoint => "Queda fuera porque carga una articulación que nos indicaste.",
        Rule::Excluded => "Queda fuera porque dolió tres veces.",
        Rule::Implausible => "Los números no parecían correctos.",
        Rule::NoCountedLoad => "Para este ejercicio no proponemos carga.",
        Rule::Child => "Sin cargas antes de los 13 años: aprende el movimiento con alguien que lo enseñe.",
        Rule::Youth => {
            "Antes de los 18 años va primero la técnica: ocho repeticiones o más, RPE 7 como máximo, con supervisión."
        }
        Rule::OlderAdult => "Con repeticiones en reserva y pasos pequeños.",
        Rule::FirstTime => "La primera vez se empieza ligero.",
        Rule::Reentry => "Paso a paso tras la pausa que necesitó la articulación.",
        Rule::UpperBound => "No por encima de lo que probablemente lograrás.",
        Rule::InReserve => "Queda al menos una repetición en reserva.",
        Rule::Jump => "Un paso cada vez.",
        Rule::AfterMiss => "No se sube después de una serie que se quedó corta.",
        Rule::AfterPain => "No se sube después de anotar dolor.",
        Rule::AfterHardSet => "No se sube después de una serie al límite.",
        Rule::LayOff => "Más ligero después del tiempo sin hacerlo.",
        Rule::Volume => "La semana no da para más series de estos músculos.",
    }
}
