"""
Debian's python3-faiss, asked in the protocol of bench/native/common.hpp: faiss-search.py HASHES QUERIES VARIANT...

Variants: `multihash` as Hasher-Matcher-Actioner configures it (256 bits, nhash 16, b 16, nflip 1, range_search 32, one query at a time), `flat` brute force.
"""

import json
import sys
import time

import faiss
import numpy

RADIUS = 32  # range_search finds what is nearer than this


def build(variant, hashes):
    if variant == "flat":
        index = faiss.IndexBinaryFlat(256)
    else:
        index = faiss.IndexBinaryMultiHash(256, 16, 16)
        index.nflip = 1
    index.add(hashes)
    return index


def search(index, query):
    limits, distances, labels = index.range_search(query, RADIUS)
    return sorted((int(distance), int(label)) for distance, label in zip(distances[: limits[1]], labels[: limits[1]]))


def answer_time(index, queries):
    times = []
    for at in range(len(queries)):
        query = queries[at : at + 1]
        began = time.perf_counter_ns()
        search(index, query)
        times.append(time.perf_counter_ns() - began)
    times.sort()
    return {"p50": times[len(times) // 2], "p99": times[int(len(times) * 0.99)], "min": times[0], "max": times[-1]}


def answer_hits(index, queries):
    counts, sums = [], []
    for at in range(len(queries)):
        matches = search(index, queries[at : at + 1])
        total = 2166136261
        for distance, label in matches:
            total = (((total ^ label) * 16777619 & 0xFFFFFFFF) ^ distance) * 16777619 & 0xFFFFFFFF
        counts.append(len(matches))
        sums.append(total)
    return {"counts": counts, "sums": sums}


def say(value):
    print(json.dumps(value), flush=True)


def main():
    faiss.omp_set_num_threads(1)
    hashes, queries = (numpy.fromfile(path, dtype=numpy.uint8).reshape(-1, 32) for path in sys.argv[1:3])
    variants, about = {}, {}
    for variant in sys.argv[3:]:
        began = time.perf_counter()
        variants[variant] = build(variant, hashes)
        about[variant] = {"buildS": round(time.perf_counter() - began, 2)}
    say({"version": faiss.__version__, "variants": about})
    for line in sys.stdin:
        request, variant, *limits = line.split()
        if request == "time":
            say(answer_time(variants[variant], queries[int(limits[0]) : int(limits[1])]))
        else:
            say(answer_hits(variants[variant], queries))


main()
