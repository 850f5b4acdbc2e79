//! Private nats-server, Postgres and Redis as child processes, for `plyo up`, tests and benchmarks, and what the latter two
//! share: both servers together, and whether nothing is under way on them.
//! Free ports on loopback, own data directories; what is started here ends with the process that started it.

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
pub use process::{free_port, raise_file_limit};
pub use redis::Redis;
#[cfg(feature = "together")]
pub use together::{DATABASE, Servers, Setup, copy};
