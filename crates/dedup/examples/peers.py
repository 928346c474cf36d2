#!/usr/bin/env python3
"""What MinHash libraries need for a stream: peers.py rensa|gaoya|datasketch < ARTICLES

ARTICLES has one text a line (`cargo run --release --example articles -- 100000`). Each is cut into shingles of three words,
signed (64 bands of 2 rows), looked up and inserted, and the signature of each is kept, to estimate how alike a pair is.
Prints documents a second of processor time over all of that, reading aside, and what memory grew by, in KiB a document.
"""

import ctypes
import os
import re
import sys
import time

BANDS, ROWS, WIDTH = 64, 2, 3


def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGESIZE") / 1024


def minhash(library):
    """Two functions: shingles to a signature; number and signature, for the earlier numbers that share a band."""
    if library == "rensa":
        import rensa

        index = rensa.RMinHashLSH(0.1, BANDS * ROWS, BANDS)

        def sign(shingles):
            signature = rensa.RMinHash(BANDS * ROWS, 42)
            signature.update(list(shingles))
            return signature
    else:
        from datasketch import MinHash, MinHashLSH

        index = MinHashLSH(num_perm=BANDS * ROWS, params=(BANDS, ROWS))

        def sign(shingles):
            signature = MinHash(num_perm=BANDS * ROWS)
            signature.update_batch([shingle.encode() for shingle in shingles])
            return signature

    def meet(number, signature):
        earlier = index.query(signature)
        index.insert(number, signature)
        return earlier

    return sign, meet


def main():
    library = sys.argv[1]
    if library == "gaoya":
        from gaoya.minhash import MinHashStringIndex

        index = MinHashStringIndex(hash_size=32, jaccard_threshold=0.01, num_bands=BANDS, band_size=ROWS, analyzer="word",
                                   lowercase=True, ngram_range=(WIDTH, WIDTH))
    else:
        sign, meet = minhash(library)
    signed, busy, found, number = [], 0.0, 0, 0
    ctypes.CDLL(None).malloc_trim(0)
    before = resident()
    for number, text in enumerate(sys.stdin):
        start = time.process_time()
        if library == "gaoya":
            earlier = index.query(text)
            index.insert_document(number, text)
        else:
            words = re.findall(r"\w+", text.lower())
            shingles = {" ".join(words[n:n + WIDTH]) for n in range(max(1, len(words) - WIDTH + 1))}
            signature = sign(shingles)
            earlier = meet(number, signature)
            max((signature.jaccard(signed[other]) for other in earlier), default=0)
            signed.append(signature)
        found += len(earlier)
        busy += time.process_time() - start
    count = number + 1
    print(f"{library}: {count} documents, {count / busy:.0f} a second of processor time, "
          f"{(resident() - before) / count:.1f} KiB a document, {found / count:.2f} candidates a document")


main()
