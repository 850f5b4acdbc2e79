FROM rust:1.95-bookworm AS build
WORKDIR /plyo
COPY . .
RUN cargo build --release -p plyo

FROM debian:bookworm-slim
COPY --from=build /plyo/target/release/plyo /usr/local/bin/plyo
# A new volume takes its owner from here.
RUN install -d -o nobody -m 700 /keys
USER nobody
ENTRYPOINT ["plyo"]
