//! Live delivery: WebSocket at `/api/v1/live`, server-sent events at `/api/v1/events`.
//!
//! A client gets every event about its user (topic `me`) and about whatever else it follows and may follow (a topic named
//! as the subject is, `group-<uuid>`), all of them in the order of the stream, once, and what is announced to everybody
//! (topic `announcements`). It resumes from a cursor, `<epoch>.<sequence>`, opaque to it: without a gap while the cursor
//! lies within the recent events that an edge keeps, otherwise with an explicit `reset`. Cursors are good on every edge.
//!
//! An event comes in the version in which it travelled, whether or not this edge knows its type: a client that does not
//! know it either can tell that there was something.
//!
//! # Frames
//!
//! JSON text, or MessagePack maps in binary frames: as the client's `hello` is. `t` says which frame it is, `n` is the
//! client's number that the answer repeats (0 where there was none). The subprotocol `plyo.msgpack` says the same before
//! `hello`. A frame has at most 64 KiB.
//!
//! | client | |
//! |---|---|
//! | `hello{token, cursor?, subs?}` | first, within 5 s; `subs` defaults to `["me"]`. A cursor does not bring subscriptions back: say them again |
//! | `sub{n, topic}` `unsub{n, topic}` | the answer to `sub` of events is followed by `ready`: everything after its `c` comes. A socket has at most 64 topics of events |
//! | `cmd{n, key?, type, data}` | a command, as `workout.log.v1` with the body that HTTP takes; `key` is its Idempotency-Key |
//! | `auth{n, token}` | a new access token, for a socket that outlives the old one |
//! | `ack{c}` `pong{}` | `pong` answers `ping` |
//!
//! | server | |
//! |---|---|
//! | `welcome{session, heartbeat_ms, head, resume{mode, why?}}` | `head` is the cursor of the newest event of all. `mode`: `live` from now on (no cursor), `replay` from the cursor on without a gap, or `reset`: from now on, and what came before is to be asked for over HTTP; `why`: `malformed`, `epoch` (the history was begun anew), `future`, `too_old` |
//! | `evt{c, p, id, type, at, topic, data, cid}` | `c` is its cursor, `p` the cursor that this connection was sent before it, on whichever topic (the client's own at first): a gap shows at once. `data` is `null` where its bytes cannot be read |
//! | `ready{c, replayed}` | what was missed has been sent, so many events; from here on strictly in order, each once |
//! | `ping{c}` | every `heartbeat_ms` (25 s); `c` is a checkpoint: resume from it, so that a quiet client's cursor does not age |
//! | `eph{topic, data}` | told now, kept by nobody: to everybody, or to one person (topic `me`) |
//! | `ok{n, result?}` `err{n, code, temporary, problem?}` | |
//! | `auth_req{}` | the token expires within a minute |
//! | `bye{code, reason, retry_ms, resume}` | before the socket is closed with that code; `resume`: come again after `retry_ms`, with the last cursor |
//!
//! Codes of `err`: `unknown_topic` (also one that is not for this client), `too_many_topics`, `unknown_frame`, `other_user` and those of HTTP problems, which then come along.
//! `temporary` says that the same may succeed later.
//!
//! # Close codes
//!
//! From 4000 to 4499 the client reconnects and resumes; from 4500 on, and at 1009, the same again would end the same.
//!
//! | code | | reconnect |
//! |---|---|---|
//! | 4000 | the edge goes away, or the history was begun anew | and resume |
//! | 4401 | the token expired | with a new token |
//! | 4408 | no `hello` within 5 s | and say it |
//! | 4409 | no `pong` to two pings | and resume |
//! | 4410 | too slow: fell behind the recent events, or took nothing for 30 s | and resume, which may be a `reset` |
//! | 4500 | a frame that is no frame | no |
//! | 4501 | the token is not valid | no |
//! | 4502 | the session was ended | no: log in |
//! | 4503 | too many frames of unknown types | no |
//! | 1009 | a frame of more than 64 KiB (of more than 256 KiB: perhaps without a word) | no |
//!
//! A foreign `Origin` is refused with 403 before there is a socket; programs send none.
//!
//! # Server-sent events
//!
//! Events for clients that only listen, with `Authorization: Bearer`: of the topic `me`, or of those of
//! `?topics=me,group-<uuid>`. `id` is the cursor (send it as
//! `Last-Event-ID`), `event` the type, `data` what `evt` has but for `p`. The first thing sent is where it begins:
//! an event `reset` with `{"why": …}`, or a `checkpoint`. A `checkpoint`, with `{"c": …}`, comes whenever there was no event
//! for 25 s. The stream ends when the token expires or the session does.

mod close;
mod frames;
mod hub;
mod rendered;
mod ring;
mod shutdown;
mod socket;
mod sse;
#[cfg(test)]
mod tests;
mod times;
mod topics;
mod transcode;
mod wake;

pub(crate) use hub::Hub;
pub(crate) use rendered::Rendered;
use schemars::{Schema, SchemaGenerator};
pub(crate) use socket::{FOREIGN_ORIGIN, NO_UPGRADE, upgrade as socket};
pub(crate) use sse::{INVALID_TOPICS, stream as events};
pub(crate) use topics::CODES as CODES_OF_EVENTS;

pub use times::LiveTimes;

/// The schemas of what a client may say and of what the edge says (but for `evt` and `eph`), each a `oneOf` by `t`.
pub fn frame_schemas(generator: &mut SchemaGenerator) -> (Schema, Schema) {
    (generator.subschema_for::<frames::ClientFrame>(), generator.subschema_for::<frames::ServerFrame<'_>>())
}

/// Reads a frame as a socket does, and what its command says.
#[cfg(feature = "inside")]
pub(crate) fn hear(message: &axum::extract::ws::Message) {
    socket::hear(message);
}

#[cfg(feature = "inside")]
pub(crate) fn read_cursor(cursor: &str) -> Option<(u64, u64)> {
    frames::read_cursor(cursor)
}
