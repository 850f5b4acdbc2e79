//! `plyo coach`: trains the coach's initial model and evaluates it, which needs no server.

use std::{
    fmt::{self, Display},
    fs,
    path::PathBuf,
};

use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use plyo_coach::{
    domain::{
        global::{Global, Settings},
        texts::{Language, Unfilled},
    },
    evaluation::{
        ablation::ablate,
        choice::choose,
        evaluate::{Log, evaluate},
        explain::explain,
        log::{self, Line, Row},
        obedient::{Obedience, obey},
        simulation::{Report, simulate},
        train::{Statistics, file_of, train},
    },
};
use plyo_events::training::ExerciseSlug;
use plyo_exercises::Catalogue;
use serde::Serialize;

use super::compare::Compare;

#[derive(Subcommand)]
pub(super) enum Coach {
    /// Train the initial model for new users, and write the file that is shipped
    Train(Train),
    /// Predict each workout of training logs before learning from it; compare the accuracy with simple rules
    Eval(Eval),
    /// Print what a person in a training log would be shown after their last workout
    Explain {
        #[command(flatten)]
        data: Data,
        /// The name of the person in the log
        #[arg(long, value_name = "NAME")]
        user: String,
        /// en, de or es, optionally with a region
        #[arg(long, default_value = "en", value_name = "LOCALE")]
        lang: String,
    },
    /// Print which recommendations in EVENTS would be different now, old and new side by side
    Compare(Compare),
    /// Simulate following the coach for 156 sessions and learning which recommendations are welcome; compare with simple
    /// rules
    Simulate {
        /// For machines
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub(super) struct Train {
    #[command(flatten)]
    data: Data,
    /// JSON of population statistics by exercise
    #[arg(long, value_name = "FILE")]
    populations: PathBuf,
    /// Where it is written
    #[arg(long, default_value = "services/coach/src/domain/global.json", value_name = "FILE")]
    out: PathBuf,
}

#[derive(Args)]
pub(super) struct Eval {
    #[command(flatten)]
    data: Data,
    /// For machines
    #[arg(long)]
    json: bool,
    /// Measure the contribution of each component instead
    #[arg(long)]
    ablate: bool,
    /// Let the other people choose the experts for each person, and measure that instead
    #[arg(long, conflicts_with = "ablate")]
    choose: bool,
    /// The people used to tune the settings; others are reported separately
    #[arg(long, value_delimiter = ',', default_value = "u01,u02,u03,u04", value_name = "NAME,…")]
    tuned: Vec<String>,
    /// Number of random cases for the safety layer
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    trials: u64,
}

#[derive(Args)]
pub(super) struct Data {
    /// CSV with one set per line: user, session, start, template, exercise, set_type, weight_kg, logged_unit, reps, rpe
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
}

impl Coach {
    /// Does what the command line says.
    ///
    /// # Errors
    /// When a file or a server cannot be read, or is not what it should be.
    pub(super) async fn run(self) -> Result<()> {
        match self {
            Self::Compare(compare) => compare.run().await,
            Self::Train(train) => train.run(),
            Self::Eval(eval) => eval.run(),
            Self::Explain { data, user, lang } => explain_to(&data, &user, Language::wanted(&lang).unwrap_or_default()),
            Self::Simulate { json } => print(&Simulation { obedience: obey(), welcome: simulate() }, json),
        }
    }
}

impl Train {
    fn run(&self) -> Result<()> {
        let people = log::people(&self.data.rows()?);
        let text =
            fs::read_to_string(&self.populations).with_context(|| format!("read {}", self.populations.display()))?;
        let statistics: Statistics =
            serde_json::from_str(&text).context("the population statistics are not as expected")?;
        let version = Global::shipped().version + 1;
        let global = train(version, &Settings::default(), &statistics.populations(slug_in_catalogue), people.iter());
        fs::write(&self.out, file_of(&global)?).with_context(|| format!("write {}", self.out.display()))?;
        println!("{}: version {version}, from {} people; {}", self.out.display(), people.len(), statistics.about);
        Ok(())
    }
}

impl Eval {
    fn run(&self) -> Result<()> {
        let rows = self.data.rows()?;
        let (people, exercises) = (log::people(&rows), log::exercises(&rows));
        let log = Log { people: &people, exercises: &exercises, populations: &Global::shipped().exercises };
        if self.ablate {
            print(&ablate(&log), self.json)
        } else if self.choose {
            print(&choose(&log), self.json)
        } else {
            print(&evaluate(&log, &self.tuned, self.trials), self.json)
        }
    }
}

/// The catalogue's slug for a name from any log.
fn slug_in_catalogue(name: &str) -> Option<ExerciseSlug> {
    Catalogue::get().by_name(name).map(|exercise| exercise.slug.clone())
}

/// What the simulations gave.
#[derive(Serialize)]
struct Simulation {
    #[serde(flatten)]
    obedience: Obedience,
    #[serde(flatten)]
    welcome: Report,
}

impl Display for Simulation {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}{}", self.obedience, self.welcome)
    }
}

fn explain_to(data: &Data, user: &str, language: Language) -> Result<()> {
    let rows = data.rows()?;
    let (people, exercises) = (log::people(&rows), log::exercises(&rows));
    let person = people.iter().find(|person| person.name == user);
    let person = person.with_context(|| format!("{user} is not in {}", data.data.display()))?;
    let told = explain(person, &exercises, language);
    for lines in told.map_err(|Unfilled(name)| anyhow!("a sentence lacks its {name}"))? {
        println!("{}\n", lines.join("\n  "));
    }
    Ok(())
}

fn print(what: &(impl Serialize + Display), json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(what)?)
    } else {
        println!("{what}")
    }
    Ok(())
}

impl Data {
    /// The sets of the log; columns that are not known are ignored.
    fn rows(&self) -> Result<Vec<Row>> {
        let path = self.data.display();
        let mut reader = csv::Reader::from_path(&self.data).with_context(|| format!("read {path}"))?;
        let header = reader.headers().with_context(|| format!("read {path}"))?.clone();
        let row = |record: csv::Result<csv::StringRecord>| {
            let record = record.with_context(|| format!("read {path}"))?;
            let number = record.position().map_or(0, csv::Position::line);
            let line: Line = record.deserialize(Some(&header)).with_context(|| format!("{path}:{number}"))?;
            Row::try_from(line).map_err(|why| anyhow!("{path}:{number}: {why}"))
        };
        reader.records().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use plyo_coach::domain::global::WITHOUT_POPULATION;
    use plyo_exercises::{Equipment, Measure};

    use super::*;

    #[test]
    fn every_barbell_and_dumbbell_lift_has_a_population_or_is_listed_without_one() {
        let known = |slug: &ExerciseSlug| {
            Global::shipped().exercises.get(slug).is_some_and(|population| population.one_rep_max_kg.is_some())
        };
        let is_free = |equipment: &[Equipment]| {
            equipment.iter().any(|one| matches!(one, Equipment::Barbell | Equipment::Dumbbell))
        };
        let lifts = Catalogue::get().all().iter();
        let lifts = lifts.filter(|one| one.measure == Measure::WeightReps && is_free(&one.equipment));
        let without: BTreeSet<&str> = lifts.filter(|one| !known(&one.slug)).map(|one| one.slug.as_str()).collect();
        assert_eq!(without, WITHOUT_POPULATION.lines().collect());
    }
}
