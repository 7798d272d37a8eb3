# Everything a contributor types; the work is done by Swift Package Manager and Scripts/.

SWIFT ?= swift

.PHONY: all setup build demo test bench format lint docs clean

all: build

setup:  ## Install the system libraries that are missing (nothing when all are there).
	@Scripts/setup.sh

build: setup  ## The library and the command, optimised: .build/release/szilard.
	$(SWIFT) build -c release --product szilard

demo: build  ## Train, evaluate and report a small machine in demo-run/.
	@Scripts/demo.sh

# All tests run optimised and from one build: statistical tests are ten times slower in debug, and
# a second build would cost more than it finds. -enable-testing is for `@testable import`, which an
# optimised build otherwise refuses; without it the two lines would share the build of `make build`.
testable := -Xswiftc -enable-testing
test: setup  ## All tests.
	$(SWIFT) build -c release --build-tests $(testable)
	$(SWIFT) test -c release --skip-build --disable-xctest $(testable)

bench: setup  ## The benchmarks of Benchmarks/, with the BLAS kernel that fits this processor.
	@Scripts/bench.sh

format:  ## Rewrite Swift and C in the project's format.
	@Scripts/format.sh

lint:  ## Check format and layers.
	@Scripts/format.sh --check
	@python3 Scripts/check-layers.py --self-test
	@python3 Scripts/check-layers.py

docs:  ## The documentation of all public modules, as a static site in .build/documentation.
	@Scripts/docs.sh

clean:  ## Remove build products and the demo.
	rm -rf .build Benchmarks/.build demo-run
