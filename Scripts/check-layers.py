#!/usr/bin/env python3
"""Checks that the sources keep to the layers of Documentation/Architecture.md.

    Scripts/check-layers.py              check the package around this script
    Scripts/check-layers.py --self-test  check that every rule catches what it forbids

Needs Python 3.8 and nothing else. Exit code 0: all rules kept; 1: the violations are printed.
"""

import json
import pathlib
import re
import subprocess
import sys

# Targets of one row never depend on one another; a target depends on rows above its own only.
LAYERS = [
    ("L0", {"CSzilardKernels", "COpenBLAS", "CHDF5", "CZip", "CZlib"}),
    ("L1", {"NumericalCore"}),
    ("L2", {"Learning", "DataSets"}),
    ("L2, theory", {"StochasticThermodynamics", "SpectralTheory"}),
    ("L3", {"BoltzmannMachines", "StochasticGradients", "DiffusionModels"}),
    ("L4", {"Reporting"}),
    ("L4, registry", {"Reproductions"}),
    ("L4, umbrella", {"Szilard"}),
    ("L5", {"SzilardCommands"}),
    ("L5, executable", {"SzilardExecutable"}),
]
RANK = {name: rank for rank, (_, names) in enumerate(LAYERS) for name in names}
COMMAND_LINE = {"SzilardCommands", "SzilardExecutable"}

# A C target is imported by the one module that wraps it.
WRAPPER = {
    "CSzilardKernels": "NumericalCore",
    "COpenBLAS": "NumericalCore",
    "CHDF5": "DataSets",
    "CZip": "DataSets",
    "CZlib": "DataSets",
}

# Modules that come with the toolchain or the system and are no dependency in the manifest.
TOOLCHAIN = {
    "Accelerate", "Darwin", "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Musl",
    "RegexBuilder", "Swift", "Synchronization",
}

IMPORT = re.compile(
    r"^[ \t]*(?:@\w+(?:\([^)\n]*\))?[ \t]+)*"
    r"(?:(public|package|internal|fileprivate|private)[ \t]+)?"
    r"import[ \t]+(?:(?:struct|class|enum|protocol|typealias|func|let|var)[ \t]+)?(\w+)",
    re.MULTILINE)

# What only the command may do, with what to do instead.
BELOW_COMMAND = [
    (r"(?<![\w.])(?:Swift\.)?(?:print|debugPrint|dump)\s*\(", "prints: return the text instead"),
    (r"(?<![\w.])(?:(?:Glibc|Darwin|Musl|Foundation)\.)?(?:exit|_exit|abort)\s*\(",
     "ends the process: throw a SzilardError instead"),
    (r"\bCommandLine\b|\bprocessInfo\.arguments\b", "reads the command line"),
    (r"\bFileHandle\s*\.\s*standard(?:Error|Output)\b|(?<![\w.])std(?:err|out)\b|\bSTD(?:ERR|OUT)_FILENO\b",
     "writes to standard error or output"),
]
NOWHERE = [
    (r"\btry!", "try!: handle the error"),
    (r"\bas\s*!", "as!: use as? and handle nil"),
    (r"(?<![\w.])fatalError\s*\(", "fatalError: use precondition or throw"),
]
C_FORBIDDEN = re.compile(
    r"\b(?:printf|fprintf|puts|fputs|perror|exit|abort|malloc|calloc|realloc|free|fopen)\s*\(")
UNFINISHED = re.compile(r"\b(?:TODO|FIXME)\b")


class Target:
    """A target: its name, kind, the modules it may import, and its files {path: text}."""

    def __init__(self, name, kind, targets=(), products=(), files=None):
        self.name = name
        self.kind = kind  # "library", "executable", "test" or "system-target"
        self.targets = list(targets)
        self.products = list(products)
        self.files = dict(files or {})


def code_only(text):
    """Swift source with comments and the contents of string literals blanked, newlines kept.

    Code inside string interpolations stays.
    """
    out = list(text)
    length = len(text)

    def blank(begin, end):
        for index in range(begin, min(end, length)):
            if out[index] != "\n":
                out[index] = " "

    def skip_comment(at):
        if text.startswith("//", at):
            end = text.find("\n", at)
            end = length if end < 0 else end
        else:
            depth, end = 1, at + 2
            while end < length and depth:
                if text.startswith("/*", end):
                    depth, end = depth + 1, end + 2
                elif text.startswith("*/", end):
                    depth, end = depth - 1, end + 2
                else:
                    end += 1
        blank(at, end)
        return end

    def skip_string(at):
        hashes = 0
        while text[at + hashes] == "#":
            hashes += 1
        begin = at + hashes
        quote = '"""' if text.startswith('"""', begin) else '"'
        close = quote + "#" * hashes
        escape = "\\" + "#" * hashes
        end = begin + len(quote)
        while end < length:
            if text.startswith(close, end):
                return end + len(close)
            if text.startswith(escape + "(", end):
                blank(end, end + len(escape))
                end = skip_code(end + len(escape) + 1, closing=True)
            elif text.startswith(escape, end):
                blank(end, end + len(escape) + 1)
                end += len(escape) + 1
            elif quote == '"' and text[end] == "\n":
                return end
            else:
                blank(end, end + 1)
                end += 1
        return end

    def skip_code(at, closing):
        depth = 1
        while at < length:
            if text.startswith("//", at) or text.startswith("/*", at):
                at = skip_comment(at)
            elif re.compile(r'#*"').match(text, at):
                at = skip_string(at)
            else:
                if closing and text[at] in "()":
                    depth += 1 if text[at] == "(" else -1
                    if depth == 0:
                        return at + 1
                at += 1
        return at

    skip_code(0, closing=False)
    return "".join(out)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def check_manifest(targets):
    """Rules on the dependencies that the manifest declares."""
    for target in targets:
        if target.kind == "test" or target.name == "TestSupport":
            continue
        if target.name not in RANK:
            yield "unknown-target", f"Package.swift: {target.name} has no layer; give it one in {LAYERS_AT}"
            continue
        for name in target.targets:
            if RANK.get(name, len(LAYERS)) >= RANK[target.name]:
                yield ("upward-dependency",
                       f"Package.swift: {target.name} ({layer(target.name)}) may not depend on "
                       f"{name} ({layer(name)})")
            if name in WRAPPER and WRAPPER[name] != target.name:
                yield ("foreign-c-target",
                       f"Package.swift: only {WRAPPER[name]} may depend on {name}, not {target.name}")


LAYERS_AT = "Scripts/check-layers.py"


def layer(name):
    return LAYERS[RANK[name]][0] if name in RANK else "no layer"


def check_imports(target, path, text, code):
    """Rules on import statements."""
    declared = set(target.targets) | set(target.products) | TOOLCHAIN | {target.name}
    for match in IMPORT.finditer(code):
        access, module = match.group(1), match.group(2)
        where = f"{path}:{line_of(text, match.start(2))}"
        if module not in declared:
            yield "undeclared-import", f"{where}: imports {module}, no dependency of {target.name}"
        if access not in ("public", "package", "internal"):
            yield ("import-access",
                   f"{where}: say 'internal', 'package' or 'public' before 'import {module}'")
        if module in WRAPPER and WRAPPER[module] != target.name:
            yield "foreign-c-import", f"{where}: only {WRAPPER[module]} may import {module}"
        elif module in WRAPPER and access != "internal":
            yield "c-import-access", f"{where}: {module} must be an internal import"


def check_swift(target, path, text):
    code = code_only(text)
    if target.kind != "test" and target.name != "TestSupport":
        yield from check_imports(target, path, text, code)
        rules = list(NOWHERE)
        if target.name not in COMMAND_LINE:
            rules += BELOW_COMMAND
        for pattern, message in rules:
            for match in re.finditer(pattern, code):
                rule = "nowhere" if (pattern, message) in NOWHERE else "below-command"
                yield rule, f"{path}:{line_of(text, match.start())}: {message}"


def check_files(targets):
    """Rules on the text of sources."""
    for target in targets:
        for path, text in sorted(target.files.items()):
            for match in UNFINISHED.finditer(text):
                yield "unfinished", f"{path}:{line_of(text, match.start())}: {match.group()}"
            if path.endswith(".swift"):
                yield from check_swift(target, path, text)
            elif path.endswith((".c", ".h")):
                code = re.sub(
                    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"',
                    lambda part: re.sub(r"[^\n]", " ", part.group()), text, flags=re.DOTALL)
                for match in C_FORBIDDEN.finditer(code):
                    yield ("c-side-effect",
                           f"{path}:{line_of(text, match.start())}: kernels neither allocate nor "
                           f"do input, output or exit: {match.group()}")


def check(targets):
    return sorted(set(check_manifest(targets)) | set(check_files(targets)), key=lambda v: v[1])


def read_package(root):
    """The targets of the package, as Swift Package Manager describes them."""
    process = subprocess.run(
        ["swift", "package", "describe", "--type", "json"], cwd=root, stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL, check=True)
    # Messages of a first resolution may stand before the object.
    output = process.stdout.decode()
    description = json.loads(output[output.index("{"):])
    targets = []
    for entry in description["targets"]:
        files = {}
        folder = root / entry["path"]
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".swift", ".c", ".h") and path.is_file():
                files[str(path.relative_to(root))] = path.read_text(encoding="utf-8")
        targets.append(Target(
            entry["name"], entry["type"], entry.get("target_dependencies", []),
            entry.get("product_dependencies", []), files))
    return targets


# Self-test ------------------------------------------------------------------------------------

CLEAN = '''
internal import CSzilardKernels
public import Foundation
@preconcurrency package import struct Foundation.Data
// print("in a comment"), try! and as! too
/* nested /* exit(1) */ fatalError("no") */
let text = "print(1) try! \\(value) \\"exit(0)\\" "
let raw = #"CommandLine \\#(count) " as! "#
let long = """
  fatalError("text") \\(map { "try! \\($0)" })
  """
process.standardError = pipe
func blueprint(_ x: Int) { recorder.print(x); plan.exit() }
'''

SNIPPETS = [
    ("import-access", "import Foundation"),
    ("import-access", "fileprivate import Foundation"),
    ("undeclared-import", "internal import Learning"),
    ("undeclared-import", "internal import ArgumentParser"),
    ("c-import-access", "package import CSzilardKernels"),
    ("below-command", 'print("x")'),
    ("below-command", "Swift.print(1)"),
    ("below-command", "debugPrint(1)"),
    ("below-command", "if bad { exit(1) }"),
    ("below-command", "Foundation.exit(1)"),
    ("below-command", "let a = CommandLine.arguments"),
    ("below-command", "let a = ProcessInfo.processInfo.arguments"),
    ("below-command", 'fputs("x", stderr)'),
    ("below-command", "FileHandle.standardError.write(data)"),
    ("nowhere", "let x = try! f()"),
    ("nowhere", "let x = y as! Int"),
    ("nowhere", 'let s = "\\(y as! Int)"'),
    ("nowhere", 'fatalError("x")'),
    ("unfinished", "// TODO later"),
    ("unfinished", "/// FIXME: wrong"),
]


def self_test():
    failures = []

    def expect(rules, targets, what):
        found = sorted({rule for rule, _ in check(targets)})
        if found != sorted(rules):
            failures.append(f"{what}: expected {sorted(rules)}, found {found}")

    def core(text, **more):
        return Target("NumericalCore", "library", ["CSzilardKernels"],
                      files={"Sources/NumericalCore/A.swift": text}, **more)

    expect([], [core(CLEAN)], "clean source")
    for rule, snippet in SNIPPETS:
        expect([rule], [core(CLEAN + snippet + "\n")], snippet)

    def command(text):
        return Target("SzilardCommands", "library", ["Szilard"], ["ArgumentParser"],
                      {"Sources/SzilardCommands/A.swift": text})

    expect([], [command('internal import ArgumentParser\nprint("x"); exit(1)\n')], "command prints")
    expect(["nowhere"], [command("let x = try! f()\n")], "command with try!")
    expect(["foreign-c-import", "foreign-c-target"],
           [Target("Learning", "library", ["CSzilardKernels"],
                   files={"Sources/Learning/A.swift": "internal import CSzilardKernels\n"})],
           "C target imported by the wrong module")
    expect(["foreign-c-target"], [Target("NumericalCore", "library", ["CHDF5"])],
           "system library wrapped by the wrong module")
    expect(["upward-dependency"], [Target("Learning", "library", ["BoltzmannMachines"])],
           "dependency on a higher layer")
    expect(["upward-dependency"], [Target("Learning", "library", ["DataSets"])],
           "dependency on the same layer")
    expect(["upward-dependency"], [Target("Learning", "library", ["TestSupport"])],
           "dependency on a target without a layer")
    expect(["unknown-target"], [Target("Utilities", "library")], "target without a layer")
    expect([], [Target("LearningTests", "test", ["Learning"],
                       files={"Tests/A.swift": "import Testing\nprint(1)\n"})], "test target")
    expect(["unfinished"], [Target("LearningTests", "test", ["Learning"],
                                   files={"Tests/A.swift": "// TODO\n"})], "unfinished test")

    def kernels(text):
        return Target("CSzilardKernels", "library", files={"Sources/CSzilardKernels/a.c": text})

    expect([], [kernels('/* free(x) */ const char *s = "exit(1)"; // printf()\n')], "clean C")
    expect(["c-side-effect"], [kernels("void *p = malloc(1);\n")], "allocating kernel")

    rules_seen = {rule for rule, _ in SNIPPETS} | {
        "foreign-c-import", "foreign-c-target", "upward-dependency", "unknown-target",
        "c-side-effect"}
    rules_written = set(re.findall(r"yield \(?\s*\"([\w-]+)\"", pathlib.Path(__file__).read_text()))
    missing = rules_written - rules_seen
    if missing:
        failures.append(f"rules without a violating snippet: {sorted(missing)}")
    for failure in failures:
        print(f"self-test: {failure}", file=sys.stderr)
    print(f"check-layers self-test: {'failed' if failures else 'passed'}")
    return 1 if failures else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if arguments:
        print(__doc__, file=sys.stderr)
        return 64
    root = pathlib.Path(__file__).resolve().parent.parent
    try:
        targets = read_package(root)
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        print(f"check-layers: 'swift package describe' failed: {error}", file=sys.stderr)
        return 1
    violations = check(targets)
    for rule, message in violations:
        print(f"{message} [{rule}]")
    print(f"check-layers: {len(targets)} targets, {len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
