# make run    builds deltad and starts it with its built-in model on 127.0.0.1:8080
# make test   runs the whole test suite
# make lint   checks the style

BUILD = swift build -c release --static-swift-stdlib --product deltad

.PHONY: run build test lint format clean

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
	swift format lint --strict --recursive Sources Tests Package.swift

format:
	swift format --in-place --recursive Sources Tests Package.swift

clean:
	rm -rf .build .venv-test .venv-litellm .venv-schemathesis
