//! Private nats-server, Postgres and Redis as child processes, for `plyo up`, tests and benchmarks, and what the latter two
//! share: both servers together, and whether they are idle. Free ports on loopback, separate data directories; servers end
//! with the process that started them.

mod nats_server;
pub mod nkeys;
pub mod permissions;
mod postgres;
mod process;
mod redis;
pub mod secrets;
#[cfg(feature = "together")]
pub mod settled;
#[cfg(feature = "together")]
mod together;

pub use nats_server::{Durability, NatsServer};
pub use permissions::Access;
pub use postgres::{Postgres, program as postgres_program};
pub use process::{file_limit, free_port, raise_file_limit};
pub use redis::Redis;
#[cfg(feature = "together")]
pub use together::{DATABASE, Servers, Setup, copy};
