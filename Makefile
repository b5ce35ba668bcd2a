# make run    builds deltad and starts it with its built-in model on 127.0.0.1:8080
# make test   runs the whole test suite
# make lint   checks the style
# make install            puts it below DESTDIR and PREFIX (/usr); make uninstall takes it away
# make deb                makes a Debian package, .build/deb/deltad_VERSION_ARCH.deb
# make test-deb           installs and runs that in a clean Debian with its own systemd (root)
# make bench              measures the daemon beside its peers, into docs/benchmarks.md
# make bench-check        the same, and holds it to thresholds.json
# make bench-micro        measures the pure modules
# make bench-check-smoke  counts allocations and instructions, and holds them to thresholds.json

RELEASE = swift build -c release --static-swift-stdlib --product
BUILD = $(RELEASE) deltad

# For make install.
PREFIX = /usr
SYSCONFDIR = /etc
UNITDIR = $(PREFIX)/lib/systemd/system
BINARY = .build/release/deltad
INSTALL_PROGRAM = install --strip
INSTALL_DATA = install -D -m 644
MAN = $(PREFIX)/share/man
COMPLETIONS = $(PREFIX)/share/bash-completion/completions
DOCUMENTS = $(PREFIX)/share/doc/deltad
CONFIGURATION = $(DESTDIR)$(SYSCONFDIR)/deltad/deltad.json5

.PHONY: install uninstall deb test-deb
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

# An administrator's configuration stays as it is.
install:
	@test -x $(BINARY) || { echo "first: make build"; exit 1; }
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(UNITDIR) $(DESTDIR)$(DOCUMENTS)/examples
	$(INSTALL_PROGRAM) -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/deltad
	for unit in service socket; do \
	  sed 's,/usr/bin/deltad,$(PREFIX)/bin/deltad,; s,/etc/deltad,$(SYSCONFDIR)/deltad,' \
	    systemd/deltad.$$unit >$(DESTDIR)$(UNITDIR)/deltad.$$unit || exit 1; \
	done
	chmod 644 $(DESTDIR)$(UNITDIR)/deltad.service $(DESTDIR)$(UNITDIR)/deltad.socket
	test -e $(CONFIGURATION) || $(INSTALL_DATA) etc/deltad.json5 $(CONFIGURATION)
	$(INSTALL_DATA) man/deltad.8 $(DESTDIR)$(MAN)/man8/deltad.8
	$(INSTALL_DATA) man/deltad.json5.5 $(DESTDIR)$(MAN)/man5/deltad.json5.5
	$(INSTALL_DATA) completions/deltad.bash $(DESTDIR)$(COMPLETIONS)/deltad
	$(INSTALL_DATA) -t $(DESTDIR)$(DOCUMENTS) README.md SECURITY.md web/openapi.json \
	  $(wildcard docs/api.md docs/operations.md docs/metrics.md docs/proxies.md)
	cp -r --no-preserve=mode,ownership etc/* $(DESTDIR)$(DOCUMENTS)/examples

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/deltad $(DESTDIR)$(COMPLETIONS)/deltad
	rm -f $(DESTDIR)$(UNITDIR)/deltad.service $(DESTDIR)$(UNITDIR)/deltad.socket
	rm -f $(DESTDIR)$(MAN)/man8/deltad.8 $(DESTDIR)$(MAN)/man5/deltad.json5.5
	rm -rf $(DESTDIR)$(DOCUMENTS)
	@test ! -e $(CONFIGURATION) || echo "left as it is: $(CONFIGURATION)"

deb: build
	@packaging/dependencies deb
	@packaging/build-deb

test-deb: deb
	@packaging/dependencies test-deb
	@packaging/test-deb

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
