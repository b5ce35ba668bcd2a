# make run    builds deltad and starts it with its built-in model on 127.0.0.1:8080
# make test   runs the whole test suite
# make lint   checks the style
# make bench              measures the daemon beside its peers, into docs/benchmarks.md
# make bench-check        the same, and holds it to thresholds.json
# make bench-micro        measures the pure modules
# make bench-check-smoke  counts allocations and instructions, and holds them to thresholds.json

RELEASE = swift build -c release --static-swift-stdlib --product
BUILD = $(RELEASE) deltad

.PHONY: run build test lint format clean bench bench-check bench-micro bench-check-smoke

run: build
	exec .build/release/deltad demo

build:
	@packaging/dependencies build
	$(BUILD)

test:
	@packaging/dependencies test
	swift build --build-tests
	swift test --skip-build --disable-xctest
	@Tests/python-env
	@Tests/run-python

lint:
	swift format lint --strict --recursive Sources Tests Benchmarks Package.swift

format:
	swift format --in-place --recursive Sources Tests Benchmarks Package.swift

bench:
	@packaging/dependencies bench-peers
	$(BUILD)
	$(RELEASE) deltaload
	@Benchmarks/bench --growth

bench-check: bench
	$(RELEASE) scripted-model
	$(RELEASE) deltabench
	@Benchmarks/smoke .build/bench/macro.json

bench-micro:
	@packaging/dependencies build
	$(RELEASE) deltabench
	@.build/release/deltabench

bench-check-smoke:
	@packaging/dependencies bench
	$(BUILD)
	$(RELEASE) scripted-model
	$(RELEASE) deltabench
	@Benchmarks/smoke

clean:
	rm -rf .build .venv-test .venv-litellm .venv-schemathesis
