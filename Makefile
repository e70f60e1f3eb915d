# Tools are installed once, in the versions named here, into a cache folder outside the repository.
GOLANGCI_LINT_VERSION := v2.15.0
GOVULNCHECK_VERSION   := v1.9.0

# Where goroutines share memory, so where the race detector is worth its time.
RACE_PACKAGES := ./repo/... ./api/...
# SQLite is C made into Go: with the detector in it the same tests take five times the time. It finds what our own
# goroutines share all the same. Nothing else is left out: a package with generic code would hide what orders others' accesses.
RACE_FLAGS    := -gcflags=modernc.org/sqlite/lib=-race=false
# Tests of one goroutine and many files, servers that are not there or thousands of addresses: long under the race detector, for
# nothing that it could find.
RACE_SKIP     := ^Test(DiskFull|FullIsNoFault|OwnWritingIsNoReplacement|Restore|LostLog|CheckFindsDamagedIndexes|NoServer|WrongReplicaSet|OddAddresses|WritesFail|BodiesAgree|Migrate|TailIsRead|TailAfterKill|TailAfterFailedCommit|TailOnFullDisk|BackupHoldsTheTail)$$

# The same folder as in tools/mongod.sh and tools/mongod/find.go.
CACHE := $(or $(LUNPAI_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/lunpai)

# A linter that an older Go built refuses newer code, so Go's version is part of the name.
GO_VERSION    := $(shell go env GOVERSION)
GOLANGCI_LINT := $(CACHE)/bin/golangci-lint-$(GOLANGCI_LINT_VERSION)-$(GO_VERSION)
GOVULNCHECK   := $(CACHE)/bin/govulncheck-$(GOVULNCHECK_VERSION)-$(GO_VERSION)

.DEFAULT_GOAL := help

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/lunpai
	CGO_ENABLED=0 go build -trimpath -o bin/lunpai .

# Runs go test and sums up what was skipped, which a plain go test does not show.
GOTEST := go run ./tools/gotest

.PHONY: test
test: ## what go test ./... runs, and a list of what it skips: slow tests, and MongoDB without a mongod (see: make mongod)
	$(GOTEST) -- ./...

.PHONY: slow
slow: ## run every test; nothing may be skipped (needs: make mongod)
	LUNPAI_SLOW=1 REQUIRE_MONGO=1 $(GOTEST) -no-skips -slowest 20 -- ./...

.PHONY: race
race: ## run the tests of the concurrent packages under the race detector
	CGO_ENABLED=1 $(GOTEST) -slowest 10 -- -race $(RACE_FLAGS) -skip '$(RACE_SKIP)' $(RACE_PACKAGES)

.PHONY: race-build
race-build:
	CGO_ENABLED=1 go test -race $(RACE_FLAGS) -vet=off -run '^$$' $(RACE_PACKAGES) >/dev/null

# The same tests with a thousand times more chance, ten times the damage, and the tools that take minutes.
.PHONY: all-night
all-night: ## what is too long for CI: millions of random commands, damaged files, kills, every test under the race detector
	LUNPAI_SLOW=1 REQUIRE_MONGO=1 LUNPAI_STEPS=5000000 LUNPAI_TORTURE_FLIPS=10 $(GOTEST) -no-skips -slowest 20 -- -timeout 6h ./...
	LUNPAI_SLOW=1 REQUIRE_MONGO=1 CGO_ENABLED=1 $(GOTEST) -no-skips -slowest 20 -- -timeout 3h -race -count 3 ./repo/... ./api/...
	go test ./api -run '^$$' -fuzz FuzzReadBody -fuzztime 10m
	go test ./repo/mongostore -run '^$$' -fuzz FuzzConverter -fuzztime 10m
	go run ./tools/torture
	go run ./tools/bench

.PHONY: clients
clients: ## generate clients from the contract with three generators and compile them
	tools/clients.sh

.PHONY: vet
vet: ## run go vet
	go vet ./...

.PHONY: lint
lint: $(GOLANGCI_LINT) ## run the linters (.golangci.yml)
	$(GOLANGCI_LINT) run

.PHONY: long-lines
long-lines: ## list the lines of Go code that are longer than 100 columns: make long-lines IN=repo
	@tools/long-lines.sh $(IN)

.PHONY: fmt
fmt: $(GOLANGCI_LINT) ## format all Go code
	$(GOLANGCI_LINT) fmt

.PHONY: fmt-check
fmt-check:
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt would change:"; echo "$$unformatted"; exit 1; }

.PHONY: mod-check
mod-check: ## check that go.mod and go.sum are tidy and the modules untouched
	go mod verify
	go mod tidy -diff

# govulncheck ends with 3 when it found something, with 1 when it could not look. Its database (vuln.go.dev) is not a
# package registry; on a closed network that is said and passes.
.PHONY: vuln
vuln: $(GOVULNCHECK) ## look for known vulnerabilities, when their database can be reached
	@log=$$(mktemp); status=0; timeout 300 $(GOVULNCHECK) ./... >$$log 2>&1 || status=$$?; cat $$log; \
	if [ $$status -eq 1 ] && grep -q 'fetching vulnerabilities:' $$log; then \
		echo "NOT CHECKED for vulnerabilities: their database cannot be reached from here"; status=0; \
	fi; rm -f $$log; exit $$status

.PHONY: compose
compose: ## check docker-compose.yml
	@export MONGO_ROOT_PASSWORD=a LUNPAI_MONGO_PASSWORD=b; if docker compose version >/dev/null 2>&1; then docker compose config --quiet; else docker-compose config --quiet; fi

.PHONY: mongod
mongod: ## get a real MongoDB server, mongosh and pymongo for the tests (into the cache folder)
	tools/mongod.sh
	tools/analytics.sh

.PHONY: check
check: ## everything that CI runs
	.ci/run

.PHONY: bench
bench: ## measure: make bench ARGS="…" (go run ./tools/bench -h)
	go run ./tools/bench $(ARGS)

.PHONY: torture
torture: ## break things under load and look for lost commits: make torture ARGS="…"
	go run ./tools/torture $(ARGS)

.PHONY: clean
clean: ## remove what was built; the cache folder stays
	rm -rf bin

.PHONY: tools
tools: $(GOLANGCI_LINT) $(GOVULNCHECK)

# install makes $@ from the module's program $(2) at the version $(3), in one step that is there or not.
define install
	@echo "installing $(2) $(3) (once; golangci-lint takes minutes)" >&2
	@mkdir -p $(@D)
	@tmp=$$(mktemp -d $(@D)/.install.XXXXXX) && trap 'rm -rf '$$tmp EXIT && \
		GOFLAGS= GOBIN=$$tmp go install $(1)@$(3) && mv -f $$tmp/$(2) $@
endef

$(GOLANGCI_LINT):
	$(call install,github.com/golangci/golangci-lint/v2/cmd/golangci-lint,golangci-lint,$(GOLANGCI_LINT_VERSION))

$(GOVULNCHECK):
	$(call install,golang.org/x/vuln/cmd/govulncheck,govulncheck,$(GOVULNCHECK_VERSION))
