//! `nats/permissions.conf`: who may publish and subscribe what on NATS, generated from the services' declarations.

use plyo_nats::{PARTITIONS, Service};

use crate::nkeys;

/// Of the longest line.
const WIDTH: usize = 120;

/// The users of nats-server and their permissions.
#[derive(Clone, Debug)]
pub struct Access {
    pub(crate) services: Vec<String>,
    pub(crate) permissions: String,
}

impl Access {
    /// Of these services, operators and the edge.
    pub fn of(services: &[Service]) -> Self {
        Self {
            services: services.iter().map(|service| service.name().to_owned()).collect(),
            permissions: text(services),
        }
    }

    /// From the committed file, which a test compares with the services.
    pub fn committed() -> Self {
        let permissions = include_str!("../../nats/permissions.conf").to_owned();
        let users = permissions.split("{ nkey: $PLYO_NKEY_").skip(1);
        let users = users.filter_map(|rest| rest.split([',', ' ']).next()).map(str::to_lowercase);
        Self { services: users.filter(|user| !["operator", "edge"].contains(&user.as_str())).collect(), permissions }
    }

    pub(crate) fn services(&self) -> Vec<&str> {
        self.services.iter().map(String::as_str).collect()
    }
}

/// The file.
pub fn text(services: &[Service]) -> String {
    let blocks: Vec<String> = services.iter().map(block).collect();
    let head = HEAD.replace("$OPERATOR", &nkeys::variable("operator")).replace("$EDGE", &nkeys::variable("edge"));
    head.replace("$FILES", &lines(&files_of_people(services), true)) + &blocks.join("\n") + "    ]\n}\n"
}

const HEAD: &str = r#"# Who may say what. Made by `make schemas` from the table of services: change plyo/src/services.rs, or
# servers/src/permissions.rs. Each service signs in with an nkey of its own (`plyo keys` makes them); nobody else gets in.
# A denied publish is reported to the client that tried, and `/ready` shows it.
#
# `_INBOX.>` is for answers to questions and to $SRV. `allow_responses` would be narrower, but it keeps a table of the
# reply subjects of all that is delivered, so each event too would cost an entry, and be something a service may answer.

authorization {
    users: [
        # Operators, and `plyo migrate`, which alone makes streams.
        { nkey: $$OPERATOR }

        # The edge asks and commands. It states no fact, and it listens to answers of its own only.
        { nkey: $$EDGE, permissions: {
            publish: [
                "cmd.*.*.*", "q.*.*", "eph.>", "$SRV.STATS.*",
                "$JS.API.STREAM.INFO.*",
                "$JS.API.CONSUMER.CREATE.EVENTS.*.>", "$JS.API.CONSUMER.MSG.NEXT.EVENTS.*",
$FILES            ]
            subscribe: ["_INBOX.edge.>", "out.*.*", "eph.>"]
        } }

"#;

/// Subjects that are allowed for one reason.
struct Right {
    reason: &'static str,
    subjects: Vec<String>,
}

/// What the edge gives to people of what services write for them.
fn files_of_people(services: &[Service]) -> Right {
    let subjects = services.iter().flat_map(Service::stores).flat_map(|bucket| {
        [
            format!("$JS.API.STREAM.MSG.GET.OBJ_{bucket}"),
            format!("$JS.API.CONSUMER.CREATE.OBJ_{bucket}.*.>"),
            format!("$JS.API.CONSUMER.MSG.NEXT.OBJ_{bucket}.*"),
        ]
    });
    Right { reason: "Files for people.", subjects: subjects.collect() }
}

fn block(service: &Service) -> String {
    let name = service.name();
    let publish: Vec<Right> = may_publish(service).into_iter().filter(|right| !right.subjects.is_empty()).collect();
    let last = publish.len().saturating_sub(1);
    let publish: String = publish.iter().enumerate().map(|(index, right)| lines(right, index == last)).collect();
    format!(
        r#"        {{ nkey: ${}, permissions: {{
            publish: [
{publish}            ]
            subscribe: ["_INBOX.{name}.>", "q.{name}.*", "$SRV.*", "$SRV.*.{name}", "$SRV.*.{name}.*"]
        }} }}
"#,
        nkeys::variable(name)
    )
}

fn may_publish(service: &Service) -> Vec<Right> {
    let name = service.name();
    let own = ["evt.{}.*.*", "mark.{}.*", "at.mark.{}.*", "dead.{}.*", "out.*.*", "_INBOX.>"];
    let timers = service.timers().iter().map(|kind| format!("at.{}.*.*", kind.fact()));
    let sends = service.sends().iter().map(|kind| format!("cmd.{}.{}.*", kind.service(), kind.verb()));
    let events = [
        "$JS.API.STREAM.INFO.*",
        "$JS.API.STREAM.MSG.GET.EVENTS",
        // A consumer of several filters has none in its subject.
        "$JS.API.CONSUMER.CREATE.EVENTS.*",
        "$JS.API.CONSUMER.CREATE.EVENTS.*.>",
        "$JS.API.CONSUMER.INFO.EVENTS.*",
        "$JS.API.CONSUMER.MSG.NEXT.EVENTS.*",
    ];
    let commands = [
        "$JS.API.CONSUMER.CREATE.COMMANDS_{}.>",
        "$JS.API.CONSUMER.DELETE.COMMANDS_{}.>",
        "$JS.API.CONSUMER.INFO.COMMANDS_{}.>",
        "$JS.API.CONSUMER.MSG.NEXT.COMMANDS_{}.>",
        "$JS.API.STREAM.MSG.GET.COMMANDS_{}",
        "$JS.API.STREAM.PURGE.COMMANDS_{}",
    ];
    let lanes = (0..PARTITIONS).map(|index| format!("$JS.API.CONSUMER.DELETE.EVENTS.{name}_{index}"));
    let effects = service.effects().map(|(effect, _)| format!("$JS.ACK.EVENTS.{name}-effect-{effect}.>"));
    let erasing: &[&str] = if service.erases() {
        &["cmd.*.erase.*", "q.*.outcome", "$JS.API.STREAM.MSG.GET.*", "$JS.API.STREAM.MSG.DELETE.*"]
    } else {
        &[]
    };
    let files = service.stores().iter().flat_map(|bucket| {
        [
            format!("$O.{bucket}.C.*.*"),
            format!("$O.{bucket}.M.*"),
            format!("$JS.API.STREAM.MSG.GET.OBJ_{bucket}"),
            format!("$JS.API.STREAM.MSG.DELETE.OBJ_{bucket}"),
        ]
    });
    // An export has the timers, too.
    let timers_of_people = ["$JS.API.CONSUMER.CREATE.SCHEDULE.*.>", "$JS.API.CONSUMER.MSG.NEXT.SCHEDULE.*"];
    let timers_of_people = timers_of_people.map(str::to_owned).into_iter().filter(|_| !service.stores().is_empty());
    let telling = service.tells().then(|| format!("eph.{name}.*")).into_iter();
    let of_name = |subjects: &[&str]| subjects.iter().map(|subject| subject.replace("{}", name)).collect();
    vec![
        Right { reason: "Its events, epoch markers, dead letters and responses.", subjects: of_name(&own) },
        Right { reason: "The timers it sets.", subjects: timers.collect() },
        Right { reason: "The commands it sends.", subjects: sends.collect() },
        Right { reason: "Reading events.", subjects: of_name(&events) },
        Right { reason: "Recreating the consumers of its lanes.", subjects: lanes.collect() },
        Right { reason: "Acknowledging requests for its effects.", subjects: effects.collect() },
        Right { reason: "Erasing people: from every service, and from every stream.", subjects: of_name(erasing) },
        Right { reason: "Writing files for people.", subjects: files.chain(timers_of_people).collect() },
        Right { reason: "Telling people how far it is with what takes long.", subjects: telling.collect() },
        Right { reason: "Reading its commands and purging handled ones.", subjects: of_name(&commands) },
    ]
}

/// The subjects, as many on a line as fit, below the reason.
fn lines(right: &Right, is_last: bool) -> String {
    const INDENT: &str = "                ";
    let mut lines = vec![format!("{INDENT}# {}", right.reason), INDENT.to_owned()];
    for (index, subject) in right.subjects.iter().enumerate() {
        let ends = is_last && index + 1 == right.subjects.len();
        let item = format!("\"{subject}\"{}", if ends { "" } else { "," });
        match lines.last_mut() {
            Some(line) if line.trim().is_empty() => line.push_str(&item),
            Some(line) if line.len() + 1 + item.len() <= WIDTH => {
                line.push(' ');
                line.push_str(&item);
            }
            _ => lines.push(format!("{INDENT}{item}")),
        }
    }
    lines.join("\n") + "\n"
}
