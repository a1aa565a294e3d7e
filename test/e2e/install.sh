#!/usr/bin/env bash
# Puts what the e2e tests drive on a Debian machine: the container runtime, etcd and the network tools from the machine's
# own release, and two kubectls, unpacked aside so that nothing installed is replaced: 1.36 from sid, and bookworm's
# 1.20, which still speaks SPDY. Does nothing, quickly, where all of it is there.
set -euo pipefail

cache=${K8TS_E2E_CACHE:-/var/cache/k8ts-e2e}
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin

fail() {
  echo "e2e: $*" >&2
  exit 1
}

[ "$(id -u)" = 0 ] || fail 'these tests start containers and change the network: run them as root'
command -v apt-get >/dev/null || fail 'these tests install what they need with apt-get: run them on Debian'

# ---- from the machine's own release --------------------------------------------------------------------------------

# By the program and not by the package: another vendor's containerd, say, is as good and must not be replaced.
missing=()
needs() {
  command -v "$1" >/dev/null || missing+=("$2")
}
needs containerd containerd
needs ctr containerd
needs runc runc
needs nft nftables
needs iptables iptables
needs conntrack conntrack
needs ip iproute2
needs etcd etcd-server
needs etcdctl etcd-client
needs script bsdutils
[ -x /usr/lib/cni/bridge ] || [ -x /opt/cni/bin/bridge ] || missing+=(containernetworking-plugins)
dpkg-query -W -f='${db:Status-Status}' busybox-static 2>/dev/null | grep -qx installed || missing+=(busybox-static)

updated=
update() {
  [ -z "$updated" ] || return 0
  apt-get update -qq || echo 'e2e: not every package list could be updated' >&2
  updated=yes
}

if [ ${#missing[@]} -gt 0 ]; then
  echo "e2e: installing ${missing[*]}"
  update
  # The tests start what they use themselves: installed services stay down.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}" >/dev/null
fi

# ---- the two kubectls ----------------------------------------------------------------------------------------------

# A place of its own for apt: other releases' lists must not come into the machine's.
unpack() { # <directory> <package> <release> <version>
  local target=$cache/$1 package=$2 release=$3 version=$4 work mirror keyring
  [ -x "$target/usr/bin/kubectl" ] && return 0
  echo "e2e: unpacking $package of $release into $target"
  update
  mirror=$(apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)' 'Created-By: Packages' |
    sed -n 's/^Debian|Debian|main|//p' | head -n 1)
  [ -n "$mirror" ] || fail 'no Debian mirror among the apt sources of this machine'
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  work=$(mktemp -d)
  mkdir -p "$work"/{parts,lists/partial,archives/partial,tree} "$cache"
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' "$mirror" "$release" "$keyring" \
    >"$work/parts/$release.sources"
  : >"$work/status"
  local options=(
    -qq
    -o Dir::Etc::SourceList=/dev/null
    -o Dir::Etc::SourceParts="$work/parts"
    -o Dir::Etc::PreferencesParts=/dev/null
    -o Dir::State::Lists="$work/lists"
    -o Dir::State::status="$work/status"
    -o Dir::Cache="$work"
    -o Acquire::Languages=none
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
    -o APT::Sandbox::User=root
  )
  apt-get "${options[@]}" update
  (
    cd "$work"
    apt-get "${options[@]}" download "$package=$version*" || {
      echo "e2e: $release has no $package $version any more: taking the one it has" >&2
      apt-get "${options[@]}" download "$package"
    }
  )
  dpkg -x "$work"/*.deb "$work/tree"
  rm -rf "$target"
  mv "$work/tree" "$target"
  chmod 755 "$target"
  rm -rf "$work"
}

unpack kubectl-1.36 kubectl sid 1.36
unpack kubectl-1.20 kubernetes-client bookworm 1.20
