# syntax=docker/dockerfile:1
#
# Images are named by full version, not by digest: no registry was at hand to look the digests up when this was written.
# `docker buildx imagetools inspect golang:1.26.8-bookworm` shows the one to put behind the version. distroless has no versions
# below that of Debian.
FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# .git is not in the context, so there is no revision to stamp: docker build --build-arg VERSION=v0.1.0
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags="-s -w -X main.version=$VERSION" -o /out/lunpai .
# A new volume takes over the owner of the folder it covers.
RUN mkdir -p /out/data

# No shell and no package manager; user 65532. The time zones and certificates are in it.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/lunpai /usr/local/bin/lunpai
COPY --from=build --chown=65532:65532 /out/data /var/lib/lunpai
# The embedded store and the key file are made here unless flags say otherwise.
WORKDIR /var/lib/lunpai
VOLUME /var/lib/lunpai
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
	CMD ["/usr/local/bin/lunpai", "health", "--url", "http://127.0.0.1:8080/readyz"]
ENTRYPOINT ["/usr/local/bin/lunpai"]
CMD ["serve"]
