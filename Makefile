# make build    the release program, with the Swift library inside: runs where no Swift is installed
# make demo     a worker at work, in your terminal
# make test     every test
# make check    what a change must pass: format, no warnings, tests
# make bench    the figures of the documentation, measured here
# make bench-peers  the worker beside Celery, RQ, Dramatiq and Huey, each on a Redis of its own
# make model    the protocol of delivery, searched for what could go wrong (needs spin)
# make soak MINUTES=60   workers under load while all around them fails, and an account of every message (SEED=, JSON=)
# make simulate workers, processes and a server in virtual time, with faults (SEEDS=10000 FROM=1; SEED=63 tells of one)
# make fuzz     each parser under the fuzzer, a minute each (SECONDS=60)
# make fuzz-long TARGET=FuzzMessages TIME=3600   one of them for longer
# make inject   each system call of the engine's processes fails once, in a run of its own (needs strace; a quarter of an hour)
# make coverage the lines that tests reach, target by target, and pages with each line
# make sanitize tests under the sanitizers for addresses and threads
# make fuzz-differential   parsers beside those of Python, each for a minute (SECONDS=60, CELERIAC_SEED=1)
# make fuzz-coverage   what the inputs found so far reach, line by line
# make status   the program that shows a worker over HTTP, release; a package of its own in Status
# make status-test   its tests
# make everything   what takes a night: check, status-test, model, simulate, sanitize, coverage, inject, fuzz, ten minutes of soak
# make format   lays out the sources
# make clean    removes everything built

SWIFT ?= swift
sources := Package.swift Sources Tests Fuzz/Package.swift Fuzz/Exercises Fuzz/Sources \
	Status/Package.swift Status/Sources/StatusServer Status/Sources/SpanExport Status/Sources/CeleriacStatus Status/Tests

.PHONY: build demo test check bench bench-peers model simulate soak fuzz fuzz-long fuzz-differential fuzz-coverage coverage sanitize inject status status-test everything format clean dependencies peers

build: dependencies
	$(SWIFT) build --configuration release --static-swift-stdlib

demo: build
	scripts/demo

test: dependencies peers
	$(SWIFT) test

# A build directory of its own: other flags would throw away the other build.
check: dependencies peers
	$(SWIFT) format lint --strict --recursive $(sources)
	$(SWIFT) test --scratch-path .build/check -Xswiftc -warnings-as-errors

bench: build
	bench/run

bench-peers: build
	scripts/python-peers --bench
	bench/peers-redis

model:
	@scripts/install-dependencies spin gcc libc6-dev
	scripts/model

soak: build
	.build/release/Soak --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED)) $(if $(JSON),--json $(JSON))

simulate: dependencies
	$(SWIFT) build --configuration release --product simulate
	.build/release/simulate $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),10000) --from $(or $(FROM),1)) \
		$(if $(FAULTS),--faults $(FAULTS)) $(if $(MESSAGES),--messages $(MESSAGES)) $(if $(MUTATION),--mutation $(MUTATION))

fuzz: dependencies
	scripts/fuzz $(or $(SECONDS),60)

fuzz-long: dependencies
	scripts/fuzz $(or $(TIME),3600) $(TARGET)

fuzz-differential: dependencies peers
	CELERIAC_DIFFERENTIAL_SECONDS=$(or $(SECONDS),60) $(SWIFT) test --filter DifferentialTests

fuzz-coverage: dependencies
	scripts/fuzz-coverage $(TARGET)

status:
	@scripts/install-dependencies
	$(SWIFT) build --package-path Status --configuration release --static-swift-stdlib

status-test:
	@scripts/install-dependencies
	$(SWIFT) test --package-path Status

coverage: dependencies peers
	scripts/coverage

sanitize: dependencies peers
	scripts/sanitize

# The first that fails does not keep the rest from being told.
inject: dependencies
	CELERIAC_EVERY_CALL=1 $(SWIFT) test --filter InjectionTests

everything: check status-test model simulate sanitize coverage inject fuzz soak

format:
	$(SWIFT) format --in-place --recursive $(sources)

clean:
	rm -rf .build Status/.build

dependencies:
	@scripts/install-dependencies

peers: dependencies
	@scripts/python-peers
