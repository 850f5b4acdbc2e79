# plyo and the libraries that it loads: docker build -t plyo .
# Its debug symbols, for perf and debuggers: docker build --target symbols --output symbols .
ARG RUST=rust:1.95.0-bookworm

FROM ${RUST} AS manifests
WORKDIR /plyo
COPY . .
RUN mkdir /skeleton && scripts/skeleton.sh /skeleton

FROM ${RUST} AS build
WORKDIR /plyo
# The dependencies, in a layer that lasts as long as the manifests do.
COPY --from=manifests /skeleton .
RUN cargo build --locked --release -p plyo
COPY . .
# Cargo goes by time, and sources that were written yesterday look older than what was just built from none.
RUN find . -name '*.rs' -exec touch {} + && cargo build --locked --release -p plyo \
    && scripts/image.sh target/release/plyo / /symbols

FROM scratch AS symbols
COPY --from=build /symbols/ /

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Plyo" \
      org.opencontainers.image.description="A fitness platform backend that reacts to events" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /image/ /
COPY --from=build --chown=65534:65534 /owned/ /
ENV PATH=/usr/local/bin
USER 65534:65534
EXPOSE 3000
ENTRYPOINT ["plyo"]
