#!/usr/bin/env bash
# Installs the system libraries that the build needs and this machine lacks. Needs no network, no
# rights and no time when nothing is missing.
set -euo pipefail

fail() {
  echo "setup: $*" >&2
  exit 1
}

command -v swift >/dev/null 2>&1 \
  || fail "no 'swift' on the PATH: install Swift 6.1 or newer from https://www.swift.org/install"

# What is needed: the name pkg-config knows (or !command), the apt package, the brew formula.
needs="
!pkg-config pkg-config     pkg-config
openblas    libopenblas-dev openblas
hdf5        libhdf5-dev     hdf5
libzip      libzip-dev      libzip
zlib        zlib1g-dev      zlib
!gnuplot    gnuplot-nox     gnuplot
"

# Homebrew keeps some formulae out of pkg-config's path; Swift Package Manager looks there itself.
if [ "$(uname -s)" = Darwin ] && command -v brew >/dev/null 2>&1; then
  prefix=$(brew --prefix)
  for formula in openblas hdf5 libzip zlib; do
    PKG_CONFIG_PATH="$prefix/opt/$formula/lib/pkgconfig:${PKG_CONFIG_PATH:-}"
  done
  export PKG_CONFIG_PATH
fi

present() {
  case $1 in
    !*) command -v "${1#!}" >/dev/null 2>&1 ;;
    *) command -v pkg-config >/dev/null 2>&1 && pkg-config --exists "$1" ;;
  esac
}

# missing FIELD prints that column (1 name, 2 apt, 3 brew) of every need that is not there.
missing() {
  echo "$needs" | while read -r name apt brew; do
    [ -n "$name" ] || continue
    if ! present "$name"; then
      case $1 in 1) echo "${name#!}" ;; 2) echo "$apt" ;; 3) echo "$brew" ;; esac
    fi
  done
}

absent=$(missing 1 | xargs)
[ -n "$absent" ] || exit 0

# Everything builds without gnuplot; only figures are not drawn.
give_up() {
  if [ "$(missing 1 | xargs)" = gnuplot ]; then
    echo "setup: $*; going on without gnuplot, figures will not be drawn" >&2
    exit 0
  fi
  fail "$@"
}

if command -v apt-get >/dev/null 2>&1; then
  packages=$(missing 2 | xargs)
  root=
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 \
      || give_up "missing $absent; as root, run: apt-get install $packages"
    root=sudo
  fi
  echo "setup: installing $packages"
  $root apt-get -q update </dev/null \
    || echo "setup: 'apt-get update' failed; trying with the lists that are there" >&2
  # Split on purpose: one argument a package.
  # shellcheck disable=SC2086
  $root env DEBIAN_FRONTEND=noninteractive \
    apt-get -q install -y --no-install-recommends $packages </dev/null \
    || give_up "could not install $packages"
elif command -v brew >/dev/null 2>&1; then
  packages=$(missing 3 | xargs)
  echo "setup: installing $packages"
  # shellcheck disable=SC2086
  brew install $packages </dev/null || give_up "could not install $packages"
else
  give_up "missing $absent: install them, with development files, by this system's package manager" \
    "(found neither apt-get nor brew)"
fi

absent=$(missing 1 | xargs)
[ -z "$absent" ] || give_up "installed $packages, but pkg-config still does not find: $absent"
