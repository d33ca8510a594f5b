#!/bin/sh
# packaging/bare-root.sh [TARGET ...]: run ./dev TARGET in a Debian 12 that has nothing of ours, made for this.
#
# The root is made by debootstrap (minbase), gets the committed tree and what this machine knows of mirrors, and is
# entered with its own mounts and processes, so that all of it ends with the script. KEEP=1 keeps the directory.
# BARE_SECONDS bounds the run.
set -eu

cd "$(dirname "$0")/.."
export PATH="$PATH:/usr/sbin:/sbin"
release=bookworm
seconds=${BARE_SECONDS:-5400}
lab=${WEFT_LAB_NAME:-bareroot}

say() { printf 'bare-root: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

[ "$(id -u)" -eq 0 ] || fail "making a root file system needs root"
command -v debootstrap >/dev/null || fail "this needs debootstrap; ./dev installs it"
[ $# -gt 0 ] || set -- test

place=$(mktemp -d /var/tmp/weft-bare.XXXXXX)
root=$place/root
leave() {
  status=$?
  trap - EXIT
  # Whatever a lab that was cut off left of its control groups; its processes ended with their namespace.
  find /sys/fs/cgroup -depth -type d -path "*/$lab*-*" -exec rmdir {} \; 2>/dev/null || true
  if [ -n "${KEEP:-}" ]; then say "kept: $place"; else rm -rf --one-file-system "$place"; fi
  exit "$status"
}
trap leave EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

make_root() {
  # shellcheck disable=SC2016 # the variables are apt's
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
    awk -v release="$release" '$2 == release { print $1; exit }')
  [ -n "$mirror" ] || fail "no mirror of $release is configured in /etc/apt"
  say "debootstrap of $release from $mirror"
  timeout 900 debootstrap --variant=minbase "$release" "$root" "$mirror" >"$place/debootstrap.log" 2>&1 ||
    { tail -20 "$place/debootstrap.log" >&2; fail "debootstrap failed"; }
}

# Names, mirrors, package indexes, and whom to trust: a machine's own, which no clean checkout can bring.
copy_surroundings() {
  for known in etc/resolv.conf etc/hosts etc/apt/sources.list etc/apt/sources.list.d etc/apt/apt.conf.d \
    etc/apt/preferences.d etc/apt/trusted.gpg.d etc/apt/keyrings etc/ssl/certs usr/local/share/ca-certificates \
    etc/pip.conf etc/xdg/pip etc/uv etc/npmrc root/.config/pip root/.config/uv root/.npmrc; do
    [ -e "/$known" ] || continue
    mkdir -p "$root/$(dirname "$known")"
    rm -rf "${root:?}/$known"
    cp -aL "/$known" "$root/$known" 2>/dev/null || cp -a "/$known" "$root/$known"
  done
  # An index or a folder of wheels on this machine's disk is shown there at the same place.
  python3 -m pip config list 2>/dev/null | tr " '" '\n\n' | sed -n 's,^file://,,; s,/simple$,,; /^\//p' | sort -u |
    while read -r path; do if [ -d "$path" ]; then echo "$path"; fi; done >"$place/shown"
  env | sed -n 's/^\(\(PIP\|UV\|SSL\|NODE\|CURL\|REQUESTS\|npm_config\|[a-zA-Z]*_\(proxy\|PROXY\)\)[A-Za-z_]*\)=.*/\1/p' |
    while read -r name; do
      eval "printf '%s' \"\$$name\"" | sed "s/'/'\\\\''/g; s/^/export $name='/; s/\$/'/"
      echo
    done >"$place/environment"
}

# Linux 6.18 numbers namespaces in blocks for each processor, and refuses to bind a mount namespace that seems
# older than the one it is bound in. So ours is made on a processor from which all others' seem younger.
oldest_processor() {
  probe=$place/probe
  mkdir "$probe"
  last=$(($(nproc --all) - 1))
  for processor in $(seq 0 "$last"); do
    # shellcheck disable=SC2016 # the inner shell's
    if taskset -c "$processor" unshare --mount --propagation private sh -ec '
      mount -t tmpfs tmpfs "$1"
      for other in $(seq 0 "$2"); do
        touch "$1/$other"
        taskset -c "$other" unshare --mount="$1/$other" --propagation private true
      done' sh "$probe" "$last" 2>/dev/null; then
      echo "$processor"
      return
    fi
  done
  fail "no processor can bind mount namespaces"
}

# In namespaces of our own: root file system, mounts, processes. All ends with the first of these.
enter() {
  cat >"$place/enter.sh" <<'ENTER'
set -eu
root=$1 shown=$2
shift 2
mount --bind "$root" "$root"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
while read -r path; do
  mkdir -p "$root$path"
  mount --bind -o ro "$path" "$root$path"
done <"$shown"
mkdir -p "$root/run/lock" "$root/old"
cd "$root"
pivot_root . old
umount -l /old
rmdir /old
cd /srv/weft
. ./.environment
exec ./dev "$@"
ENTER
  { echo "export HOME=/root LANG=C.UTF-8 WEFT_LAB_NAME=$lab"; cat "$place/environment"; } >"$root/srv/weft/.environment"
  timeout --foreground "$seconds" taskset -c "$(oldest_processor)" \
    unshare --mount --propagation private --pid --fork --kill-child \
    taskset -c "0-$(($(nproc --all) - 1))" \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    sh "$place/enter.sh" "$root" "$place/shown" "$@"
}

started=$(date +%s)
make_root
copy_surroundings
mkdir -p "$root/srv/weft"
git archive HEAD | tar -x -C "$root/srv/weft"
say "./dev $* of $(git rev-parse --short HEAD) in $root, at most $seconds s"
enter "$@" </dev/null
say "./dev $* holds in a bare $release, after $(($(date +%s) - started)) s"
