"""busybox, the user space of the lab's containers and guests, as a tree of files.

`wget` is a script of ours around `nc`: the one in Debian's static busybox 1.35 crashes on every address, and
a probe that always fails would make every "must not reach" hold. In a shell's own line write `/bin/wget`:
busybox's shell prefers what is built in.
"""

from pathlib import Path

from weft.lab.processes import local

BINARY = Path("/bin/busybox")

WGET = """#!/bin/sh
# wget [-q] [-S] [-T SECONDS] [-O -] http://ADDRESS[:PORT][/PATH]: the body on stdout, 1 when there is none.
wait=10
while getopts qSO:T: option; do [ "$option" = T ] && wait=$OPTARG; done
shift $((OPTIND - 1))
rest=${1#http://}; place=${rest%%/*}; path=${rest#"$place"}; host=${place%%:*}; port=80
[ "$place" = "$host" ] || port=${place#*:}
answer=$(printf 'GET %s HTTP/1.0\\r\\nHost: %s\\r\\n\\r\\n' "${path:-/}" "$host" \\
  | nc -w "$wait" "$host" "$port" | tr -d '\\r')
status=$(printf '%s\\n' "$answer" | sed -n 1p)
case $status in
  *' 200 '*) printf '%s\\n' "$answer" | sed '1,/^$/d' ;;
  HTTP*) echo "wget: server returned error: $status" >&2; exit 1 ;;
  *) echo "wget: no answer from $place" >&2; exit 1 ;;
esac
"""


def applets() -> list[str]:
    """The names that are links to busybox."""
    names = local(str(BINARY), "--list").split()
    return [name for name in names if name not in ("busybox", "wget")]
