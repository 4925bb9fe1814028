# The targets are the same for people and for CI. "make" lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:

# The program is pure Go. Only the race detector needs cgo.
export CGO_ENABLED := 0

BIN := bin/vouchgate
# Empty outside a git clone: then the program says what Go knows of it.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
# More arguments for the program or for go test.
ARGS ?=
TESTFLAGS ?=
FUZZTIME ?= 10s

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: build
build: ## Build the program: bin/vouchgate
	@echo "building $(BIN) (the first time takes a minute or two)"
	@go build -trimpath -ldflags '-s -w -X main.release=$(VERSION)' -o $(BIN) ./cmd/vouchgate

.PHONY: demo
demo: build ## Show the main job in the browser: gateway, mock wallet and a client
	@$(BIN) demo $(ARGS)

.PHONY: walk
walk: build ## Walk the main job without a browser and print each step
	@$(BIN) demo --walk $(ARGS)

.PHONY: test
test: unit e2e ## Run all tests, on SQLite and PostgreSQL and in a browser; installs what they need

.PHONY: unit
unit: ## Run the tests of the packages alone, with the race detector
	@tools/setup postgres compiler jq curl
	@echo "testing with the race detector (building takes some minutes the first time)"
	@packages="$$(go list ./... | grep -v '^vouchgate/e2e')"; \
		CGO_ENABLED=1 go test -race -timeout=25m $(TESTFLAGS) $$packages

# They build and start the program, which the test cache does not see: -count=1. One
# after the other, because each keeps all processors busy.
.PHONY: e2e
e2e: ## Run the tests of the whole program alone
	@tools/setup browser postgres node jq curl openssl
	@go test -count=1 -timeout=25m $(TESTFLAGS) ./e2e ./e2e/bench; walks=$$?; \
		go test -count=1 -timeout=25m $(TESTFLAGS) ./e2e/conformance && exit $$walks

.PHONY: bench
bench: ## Measure walks per second, times, memory and commits on both stores; JSON in e2e/out
	@tools/setup postgres
	@mkdir -p e2e/out
	@go run ./e2e/bench -json e2e/out/bench.json $(ARGS)

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME, 10s
	@tools/fuzz $(FUZZTIME)

.PHONY: gen
gen: ## Write the generated code anew
	@tools/gen

.PHONY: sdk
sdk: ## Write the clients of the contract anew: gen/api/client and sdk/typescript
	@tools/setup node
	@tools/sdk

.PHONY: fmt
fmt: ## Format the code
	@gofmt -w .

.PHONY: check
check: check-gen check-format vet lint imports openapi-lint check-tidy check-shell check-notes check-docs check-sdk ## Check everything that is not a test

.PHONY: check-gen
check-gen: ## Is the generated code what "make gen" writes?
	@tools/check-gen

.PHONY: check-format
check-format: ## Is the code formatted?
	@unformatted="$$(gofmt -l .)"; test -z "$$unformatted" || { echo "run make fmt:"; echo "$$unformatted"; exit 1; } >&2

.PHONY: vet
vet: ## Look for mistakes with go vet
	@go vet ./...

# All of its checks but the suggestions for a nicer expression. Generated code follows its generator's taste.
.PHONY: lint
lint: ## Look for mistakes with staticcheck
	@packages="$$(go list ./... | grep -v '^vouchgate/gen/')"; \
		go tool -modfile=tools/go.mod staticcheck -checks 'all,-QF*' $$packages

.PHONY: imports
imports: ## Do the packages import only what they may?
	@go test .

.PHONY: openapi-lint
openapi-lint: ## Lint the contract
	@tools/setup node
	@tools/openapi-lint

.PHONY: check-tidy
check-tidy: ## Are go.mod and go.sum what the code needs?
	@go mod tidy -diff
	@cd tools && go mod tidy -diff

.PHONY: check-shell
check-shell: ## Are the shell scripts well formed?
	@grep -rlIE --exclude-dir={.git,node_modules,bin} --exclude='*.md' '^#!/.*sh$$' . | while read -r script; do bash -n "$$script"; done

.PHONY: check-notes
check-notes: ## Is no work left as a note in the code?
	@! grep -rnIE --exclude-dir={.git,gen,node_modules,bin,vouchgate-data} '\b(TO[D]O|FIX[M]E)\b' .

.PHONY: check-docs
check-docs: ## Are all decisions listed, and do links between documents lead somewhere?
	@tools/check-docs

.PHONY: check-sdk
check-sdk: ## Is the TypeScript client what "make sdk" writes, and does it compile?
	@tools/setup node
	@tools/sdk --check

.PHONY: clean
clean: ## Remove what was built
	@rm -rf bin e2e/out tools/openapi/node_modules e2e/clients/node_modules sdk/typescript/node_modules sdk/typescript/dist
