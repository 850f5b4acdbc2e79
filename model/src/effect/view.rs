//! How actions and states of an effect read in a trace.

use std::fmt;

use super::{Action, Part, Request, State};
use crate::trace::Scene;

impl Scene for State {
    fn parts(&self) -> Vec<(&'static str, String)> {
        let request = |(number, request): (usize, &Request)| {
            let Request { delivery, performed, reported, .. } = request;
            format!("request {number}: {delivery:?}, performed {performed}, reported {reported}")
        };
        let requests: Vec<_> = self.requests.iter().enumerate().map(request).collect();
        let reports: Vec<_> = self.commands.iter().map(|(request, _)| format!("report of {request}")).collect();
        vec![("requests", requests.join("; ")), ("COMMANDS", reports.join(", "))]
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |process: usize| ["A", "B"][process];
        match *self {
            Self::Deliver { process, request } => write!(f, "{} receives request {request}", name(process)),
            Self::Do { process, part: Part::Perform } => write!(f, "{} performs", name(process)),
            Self::Do { process, part: Part::Report } => write!(f, "{}'s report is stored", name(process)),
            Self::Do { process, part: Part::Acknowledge } => write!(f, "{} acknowledges the request", name(process)),
            Self::Handle => write!(f, "the lane handles a report"),
            Self::Crash { process } => write!(f, "FAULT: {} dies", name(process)),
            Self::Fail { process, happened } => {
                let what = if happened { "has happened" } else { "has not happened" };
                write!(f, "FAULT: {} gets no answer, what it performs {what}", name(process))
            }
            Self::TimeOut { request } => write!(f, "FAULT: request {request} is due again, whoever works on it"),
            Self::LoseAck { process, part: Part::Report } => {
                write!(f, "FAULT: {}'s report is stored, it does not learn so", name(process))
            }
            Self::LoseAck { process, .. } => write!(f, "FAULT: {}'s acknowledgement is lost", name(process)),
        }
    }
}
