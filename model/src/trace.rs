//! Explores a model, and prints what it found so that a person can follow it.

use std::{
    collections::BTreeSet,
    fmt::{self, Display},
    hash::Hash,
    time::{Duration, Instant},
};

use stateright::{Checker, HasDiscoveries, Model};

/// A state that can be shown in parts, of which a trace prints those that a step changed.
pub trait Scene {
    fn parts(&self) -> Vec<(&'static str, String)>;
}

/// What the exploration of a model came to.
#[derive(Debug)]
pub struct Explored {
    /// Different states.
    pub states: usize,
    /// Steps to the farthest state.
    pub depth: usize,
    pub took: Duration,
    pub counterexample: Option<Trace>,
    /// What should be possible and was not met, so that the model explores less than it says. Empty if there is a
    /// counterexample, since the exploration ends there.
    pub missed: Vec<&'static str>,
}

/// The way to a state that must not be.
#[derive(Debug)]
pub struct Trace {
    pub property: &'static str,
    pub steps: Vec<String>,
}

/// Explores every state of a model, or up to the first counterexample. Breadth first: it is a shortest one with a single
/// thread.
pub fn explore<M>(model: M, threads: usize) -> Explored
where
    M: Model + Send + Sync + 'static,
    M::State: Scene + Clone + fmt::Debug + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Display + Clone + fmt::Debug + PartialEq + Send + Sync + 'static,
{
    let begun = Instant::now();
    let properties = model.properties();
    let checker = model.checker().threads(threads).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let mut found = checker.discoveries();
    let counterexample = properties
        .iter()
        .filter(|property| property.expectation.discovery_is_failure())
        .filter_map(|property| Some((property, found.remove(property.name)?.into_vec())))
        .map(|(property, path)| trace(property.name, path, |state| (property.condition)(checker.model(), state)))
        .min_by_key(|trace| trace.steps.len());
    let met: BTreeSet<&str> = found.keys().copied().collect();
    let wanted = properties.iter().filter(|property| !property.expectation.discovery_is_failure());
    let missed = wanted.map(|property| property.name).filter(|name| !met.contains(name));
    Explored {
        states: checker.unique_state_count(),
        depth: checker.max_depth(),
        took: begun.elapsed(),
        missed: if counterexample.is_some() { Vec::new() } else { missed.collect() },
        counterexample,
    }
}

/// Explores a model with 0 faults, then 1 and so on up to `most`, and stops at the first counterexample.
pub(crate) fn plainest<M>(most: u8, model: impl Fn(u8) -> M) -> Explored
where
    M: Model + Send + Sync + 'static,
    M::State: Scene + Clone + fmt::Debug + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Display + Clone + fmt::Debug + PartialEq + Send + Sync + 'static,
{
    // With a single thread what is found is the same every time.
    let found = (0..most).map(|faults| explore(model(faults), 1)).find(|explored| explored.counterexample.is_some());
    found.unwrap_or_else(|| explore(model(most), 1))
}

/// Each action with what it changed, up to the first state that is wrong.
fn trace<S: Scene, A: Display>(
    property: &'static str,
    mut path: Vec<(S, Option<A>)>,
    is_right: impl Fn(&S) -> bool,
) -> Trace {
    path.truncate(path.iter().take_while(|(state, _)| is_right(state)).count() + 1);
    let mut before: Vec<(&str, String)> = Vec::new();
    let mut steps = vec!["the beginning".to_owned()];
    steps.extend(path.iter().filter_map(|(_, action)| Some(action.as_ref()?.to_string())));
    for ((state, _), step) in path.iter().zip(&mut steps) {
        let after = state.parts();
        for (part, value) in after.iter().filter(|part| !before.contains(part)) {
            step.push_str(&format!("\n         {part}: [{value}]"));
        }
        before = after;
    }
    // The last state's own action leads out of what was found.
    steps.truncate(path.len());
    Trace { property, steps }
}

impl Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.steps.iter().enumerate() {
            writeln!(f, "    {number:>2}  {step}")?;
        }
        write!(f, "    against: {}", self.property)
    }
}
