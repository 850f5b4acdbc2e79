//! The model of an effect: two processes take the requests of a durable consumer, perform them, and report.
//!
//! A request is performed at least once, since nobody can know whether a process that died had performed it. It is reported
//! exactly once: a report is a command, and its id derives from the request. The lane that handles the report is the other
//! model; here it is one step.

mod view;

use stateright::{Model, Property};

use crate::trace::{Explored, plainest};

/// An effect to explore.
#[derive(Clone, Debug)]
pub struct Effect {
    pub requests: usize,
    pub faults: u8,
    pub bug: Option<EffectBug>,
}

/// A way to get an effect wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectBug {
    AckBeforeReport,
    ReportBeforePerform,
    AttemptInId,
}

impl EffectBug {
    pub const ALL: [Self; 3] = [Self::AckBeforeReport, Self::ReportBeforePerform, Self::AttemptInId];

    pub const fn about(self) -> &'static str {
        match self {
            Self::AckBeforeReport => "a request is acknowledged before its report is stored",
            Self::ReportBeforePerform => "a request is reported before it is performed",
            Self::AttemptInId => "the id of a report derives from the attempt as well",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Delivery {
    #[default]
    Waiting,
    Out,
    Acknowledged,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Request {
    delivery: Delivery,
    attempts: u8,
    performed: u8,
    reported: u8,
}

/// What a process is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Work {
    request: usize,
    attempt: u8,
    /// How many parts of its plan are done.
    done: usize,
}

/// A report in the stream of commands, with what its id derives from.
type Report = (usize, Option<u8>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    requests: Vec<Request>,
    processes: [Option<Work>; 2],
    /// Reports that are stored and not handled.
    commands: Vec<Report>,
    handled: Vec<Report>,
    faults: u8,
}

/// A part of the work on a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Perform,
    Report,
    Acknowledge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Deliver {
        process: usize,
        request: usize,
    },
    Do {
        process: usize,
        part: Part,
    },
    /// The lane handles a report.
    Handle,
    Crash {
        process: usize,
    },
    /// What is asked for fails, or does not answer: it may have happened.
    Fail {
        process: usize,
        happened: bool,
    },
    /// The consumer delivers again what a slow process still works on.
    TimeOut {
        request: usize,
    },
    /// Of a report, or of a request.
    LoseAck {
        process: usize,
        part: Part,
    },
}

impl Effect {
    /// What `make model` and the tests explore.
    pub const fn sound() -> Self {
        Self { requests: 2, faults: 3, bug: None }
    }

    /// Looks for what a bug does to a single request, with no fault at first, then with more of them.
    pub fn counterexample(bug: EffectBug) -> Explored {
        plainest(Self::sound().faults, |faults| Self { requests: 1, faults, bug: Some(bug) })
    }

    fn plan(&self) -> [Part; 3] {
        use Part::{Acknowledge, Perform, Report};
        match self.bug {
            Some(EffectBug::AckBeforeReport) => [Perform, Acknowledge, Report],
            Some(EffectBug::ReportBeforePerform) => [Report, Perform, Acknowledge],
            Some(EffectBug::AttemptInId) | None => [Perform, Report, Acknowledge],
        }
    }

    /// What happens by itself.
    fn steps(&self, state: &State) -> Vec<Action> {
        let mut steps = Vec::new();
        for (process, work) in state.processes.iter().enumerate() {
            let waiting = |(_, request): &(usize, &Request)| request.delivery == Delivery::Waiting;
            match work {
                Some(work) => steps.push(Action::Do { process, part: self.plan()[work.done] }),
                None => {
                    let requests = state.requests.iter().enumerate().filter(waiting);
                    steps.extend(requests.map(|(request, _)| Action::Deliver { process, request }));
                }
            }
        }
        if !state.commands.is_empty() {
            steps.push(Action::Handle);
        }
        steps
    }

    fn faults(&self, state: &State) -> Vec<Action> {
        let mut faults = Vec::new();
        for (process, work) in state.processes.iter().enumerate() {
            let Some(part) = work.map(|work| self.plan()[work.done]) else { continue };
            faults.push(Action::Crash { process });
            match part {
                Part::Perform => faults.extend([true, false].map(|happened| Action::Fail { process, happened })),
                Part::Report | Part::Acknowledge => faults.push(Action::LoseAck { process, part }),
            }
        }
        let out = state.requests.iter().enumerate().filter(|(_, request)| request.delivery == Delivery::Out);
        faults.extend(out.map(|(request, _)| Action::TimeOut { request }));
        faults
    }

    fn do_part(&self, state: &mut State, process: usize, part: Part) {
        let Some(Work { request, attempt, done }) = state.processes[process] else { return };
        match part {
            Part::Perform => state.requests[request].performed += 1,
            Part::Report => {
                let id = (self.bug == Some(EffectBug::AttemptInId)).then_some(attempt);
                state.commands.push((request, id));
            }
            Part::Acknowledge => state.requests[request].delivery = Delivery::Acknowledged,
        }
        let work = Work { request, attempt, done: done + 1 };
        state.processes[process] = (work.done < self.plan().len()).then_some(work);
    }
}

impl State {
    /// The process has nothing to do with its request any more, which comes again.
    fn let_go(&mut self, process: usize) {
        let Some(work) = self.processes[process].take() else { return };
        let delivery = &mut self.requests[work.request].delivery;
        if *delivery == Delivery::Out {
            *delivery = Delivery::Waiting;
        }
    }
}

impl Model for Effect {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            requests: vec![Request::default(); self.requests],
            processes: [None; 2],
            commands: Vec::new(),
            handled: Vec::new(),
            faults: self.faults,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.extend(self.steps(state));
        if state.faults > 0 {
            actions.extend(self.faults(state));
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        match action {
            Action::Deliver { process, request } => {
                let asked = &mut next.requests[request];
                asked.delivery = Delivery::Out;
                asked.attempts += 1;
                next.processes[process] = Some(Work { request, attempt: asked.attempts, done: 0 });
            }
            Action::Do { process, part } => self.do_part(&mut next, process, part),
            Action::Handle => {
                let report = next.commands.remove(0);
                if !next.handled.contains(&report) {
                    next.handled.push(report);
                    next.requests[report.0].reported += 1;
                }
            }
            Action::Crash { process } => {
                next.faults -= 1;
                next.let_go(process);
            }
            Action::Fail { process, happened } => {
                next.faults -= 1;
                if let Some(work) = next.processes[process].filter(|_| happened) {
                    next.requests[work.request].performed += 1;
                }
                next.let_go(process);
            }
            Action::TimeOut { request } => {
                next.faults -= 1;
                next.requests[request].delivery = Delivery::Waiting;
            }
            Action::LoseAck { process, part } => {
                next.faults -= 1;
                if part == Part::Report {
                    // It is sent again until it is known to be stored.
                    let work = next.processes[process];
                    self.do_part(&mut next, process, part);
                    next.processes[process] = work;
                } else {
                    next.let_go(process);
                }
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("a request is reported once", |_, state: &State| {
                state.requests.iter().all(|request| request.reported <= 1)
            }),
            Property::always("what is reported was performed", |_, state: &State| {
                let stored = state.commands.iter().chain(&state.handled);
                stored.into_iter().all(|(request, _)| state.requests[*request].performed > 0)
            }),
            Property::always(
                "where nothing is left to do, every request is reported",
                |effect: &Self, state: &State| {
                    !effect.steps(state).is_empty() || state.requests.iter().all(|request| request.reported == 1)
                },
            ),
            Property::sometimes("a request is performed twice", |_, state: &State| {
                state.requests.iter().any(|request| request.performed == 2)
            }),
            Property::sometimes("a report comes again and is recognised", |_, state: &State| {
                state.commands.iter().any(|report| state.handled.contains(report))
            }),
            Property::sometimes(
                "two processes work on one request",
                |_, state: &State| matches!(state.processes, [Some(a), Some(b)] if a.request == b.request),
            ),
        ]
    }
}
