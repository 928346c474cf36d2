#!/usr/bin/env bash
# Whether a run over the samples (config/samples.yaml) came out as their README says: check.sh OUT
set -euo pipefail
out=${1:?the output folder}

# expect COUNT WHAT PATTERN FILE…: so many lines hold the pattern.
expect() {
    local want=$1 what=$2 pattern=$3 got
    shift 3
    got=$(cat "$@" | grep -c -E "$pattern" || true)
    if [ "$got" != "$want" ]; then
        echo "samples: expected $want $what, found $got" >&2
        exit 1
    fi
    echo "samples: $got $what"
}

documents=("$out"/documents/*.jsonl)
rejects=("$out"/rejects/*.jsonl)
expect 12 "documents" '^\{"id": ?"' "${documents[@]}"
expect 1 "exact copy rejected" '"stage": ?"dedup"' "${rejects[@]}"
expect 1 "near copy tagged" '"duplicate": ?\{"kind": ?"near"' "${documents[@]}"
expect 5 "documents joined a story" '"story": ?\{"id": ?"[0-9a-f]+", ?"similarity": ?[0-9]' "${documents[@]}"
expect 9 "documents in English" '"language": ?\{"code": ?"en"' "${documents[@]}"
expect 1 "document in German" '"language": ?\{"code": ?"de"' "${documents[@]}"
expect 1 "document in Spanish" '"language": ?\{"code": ?"es"' "${documents[@]}"
expect 1 "document in French" '"language": ?\{"code": ?"fr"' "${documents[@]}"
expect 0 "lines with residue of a comment form" 'Leave a [Rr]eply|Scroll to Top|Post comment' "${documents[@]}"
